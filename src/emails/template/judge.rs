//! What a template may hold: judged when it is saved, and again before it is filled in.

use minijinja::{
    machinery::{
        ast::{BinOpKind, CallArg, Expr, Stmt},
        parse,
    },
    syntax::SyntaxConfig,
};

use super::words;

/// Sums and differences in one source.
const SUMS_MAX: usize = 100;
/// Sums in one expression inside a loop, where each round makes them anew.
const LOOP_SUMS_MAX: usize = 3;
/// Filters in one expression.
const FILTERS_MAX: usize = 10;
/// Blocks and expressions within one another.
const NESTING_MAX: usize = 30;

/// Refuses what is no template, and what could cost without bound.
pub(super) fn judge(source: &str) -> Result<(), String> {
    let tree = parse(source, "template", SyntaxConfig::default()).map_err(|error| words(&error))?;
    let mut judge = Judge::default();
    let Stmt::Template(template) = &tree else { return Err("is no template".to_owned()) };
    judge.body(&template.children, 0)
}

#[derive(Default)]
struct Judge {
    /// Sums so far.
    sums: usize,
    /// Loops around the present place.
    loops: usize,
    /// What the present expression has so far.
    expression: Counts,
}

/// What costs in one expression.
#[derive(Default)]
struct Counts {
    sums: usize,
    filters: usize,
    escapes: usize,
}

impl Judge {
    fn body(&mut self, statements: &[Stmt<'_>], depth: usize) -> Result<(), String> {
        if depth > NESTING_MAX {
            return Err(format!("nests deeper than {NESTING_MAX} blocks"));
        }
        statements.iter().try_for_each(|statement| self.statement(statement, depth))
    }

    fn statement(&mut self, statement: &Stmt<'_>, depth: usize) -> Result<(), String> {
        match statement {
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.whole(&emit.expr),
            Stmt::IfCond(condition) => {
                self.whole(&condition.expr)?;
                self.body(&condition.true_body, depth + 1)?;
                self.body(&condition.false_body, depth + 1)
            }
            Stmt::ForLoop(round) => {
                if round.recursive {
                    return Err("a loop cannot call itself".to_owned());
                }
                given(&round.iter)?;
                self.loops += 1;
                if let Some(filter) = &round.filter_expr {
                    self.whole(filter)?;
                }
                self.body(&round.body, depth + 1)?;
                self.loops -= 1;
                self.body(&round.else_body, depth + 1)
            }
            _ => {
                Err("a template has `if`, `for` and expressions; `set`, `with` and other blocks are refused".to_owned())
            }
        }
    }

    /// An expression from its beginning.
    fn whole(&mut self, expression: &Expr<'_>) -> Result<(), String> {
        self.expression = Counts::default();
        self.expression(expression, 0)
    }

    fn sum(&mut self) -> Result<(), String> {
        self.sums += 1;
        self.expression.sums += 1;
        if self.sums > SUMS_MAX {
            return Err(format!("has more than {SUMS_MAX} sums"));
        }
        if self.loops > 0 && self.expression.sums > LOOP_SUMS_MAX {
            return Err(format!("has more than {LOOP_SUMS_MAX} sums in one expression inside a loop"));
        }
        Ok(())
    }

    fn filter(&mut self, name: &str) -> Result<(), String> {
        self.expression.filters += 1;
        if self.expression.filters > FILTERS_MAX {
            return Err(format!("has more than {FILTERS_MAX} filters in one expression"));
        }
        if matches!(name, "e" | "escape") {
            self.expression.escapes += 1;
        }
        // Each would make the text of the one before longer.
        if self.expression.escapes > 1 { Err("escapes twice in one expression".to_owned()) } else { Ok(()) }
    }

    fn expression(&mut self, expression: &Expr<'_>, depth: usize) -> Result<(), String> {
        if depth > NESTING_MAX {
            return Err(format!("an expression nests deeper than {NESTING_MAX}"));
        }
        let depth = depth + 1;
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::UnaryOp(unary) => self.expression(&unary.expr, depth),
            Expr::BinOp(binary) => {
                match binary.op {
                    BinOpKind::Concat => return Err("`~` is refused: write the values one after another".to_owned()),
                    BinOpKind::Mul | BinOpKind::Pow => {
                        return Err("`*` is refused: compute before and pass the result".to_owned());
                    }
                    BinOpKind::Add | BinOpKind::Sub => self.sum()?,
                    _ => {}
                }
                self.expression(&binary.left, depth)?;
                self.expression(&binary.right, depth)
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr, depth)?;
                compare.ops.iter().try_for_each(|one| self.expression(&one.expr, depth))
            }
            Expr::IfExpr(condition) => {
                self.expression(&condition.test_expr, depth)?;
                self.expression(&condition.true_expr, depth)?;
                condition.false_expr.as_ref().map_or(Ok(()), |otherwise| self.expression(otherwise, depth))
            }
            Expr::Filter(filter) => {
                self.filter(filter.name)?;
                self.arguments(&filter.args, depth)?;
                filter.expr.as_ref().map_or(Ok(()), |inner| self.expression(inner, depth))
            }
            Expr::Test(test) => {
                self.arguments(&test.args, depth)?;
                self.expression(&test.expr, depth)
            }
            Expr::GetAttr(get) => self.expression(&get.expr, depth),
            Expr::GetItem(get) => {
                self.expression(&get.expr, depth)?;
                self.expression(&get.subscript_expr, depth)
            }
            Expr::Slice(_) | Expr::Call(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
                Err(format!("a {} is refused: a template shows what it is given", expression.description()))
            }
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>], depth: usize) -> Result<(), String> {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expression(value, depth),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => Err("`*` is refused in a call".to_owned()),
        })
    }
}

/// What a loop runs over must have been given: nothing that was built gets a name.
fn given(expression: &Expr<'_>) -> Result<(), String> {
    match expression {
        Expr::Var(_) => Ok(()),
        Expr::GetAttr(get) => given(&get.expr),
        Expr::GetItem(get) if matches!(get.subscript_expr, Expr::Const(_) | Expr::Var(_)) => given(&get.expr),
        Expr::Filter(filter) if filter.args.is_empty() && matches!(filter.name, "items" | "reverse") => {
            filter.expr.as_ref().map_or_else(|| Err("a loop runs over a variable".to_owned()), given)
        }
        _ => Err("a loop runs over a variable, or over its `items`".to_owned()),
    }
}
