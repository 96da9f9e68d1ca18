// Something a button does: asks the server, says how it went, and has what it changed read again.
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { t } from "../texts";
import { confirm, type Question } from "./confirm";
import { toast, toastError } from "./toasts";

interface Options<R> {
  /** Said when it worked. */
  done?: string | ((result: R) => string);
  /** What to read again. */
  changes?: readonly QueryKey[];
  next?: (result: R) => void;
  /** Sent by a form, which tells a refusal itself. */
  inForm?: boolean;
  /** Takes it back, where that costs nothing; offered with the message that it worked. */
  undo?: (result: R) => Promise<unknown>;
}

export function useAction<R, V = void>(act: (input: V) => Promise<R>, options: Options<R> = {}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onError: options.inForm ? undefined : toastError,
    onSuccess: (result) => {
      const { done, changes = [], next, undo } = options;
      const readAgain = () => {
        for (const key of changes) void queries.invalidateQueries({ queryKey: key });
      };
      const takeBack = async () => {
        try {
          await undo?.(result);
          toast(t.kit.undone);
        } catch (cause) {
          toastError(cause);
        }
        readAgain();
      };
      if (done !== undefined) {
        const text = typeof done === "string" ? done : done(result);
        toast(text, "ok", undo && { text: t.kit.undo, act: () => void takeBack() });
      }
      readAgain();
      next?.(result);
    },
  });
}

/** The same for what destroys something: it asks first, in words that name the object. Tells too whether it is under way. */
export function useAsked<R>(
  act: () => Promise<R>,
  question: Question,
  options: Options<R>,
): [ask: () => void, isPending: boolean] {
  const { mutate, isPending } = useAction(act, options);
  const ask = async () => {
    if (await confirm({ danger: true, ...question })) mutate();
  };
  return [() => void ask(), isPending];
}
