//! What survives a crash: the real binary is killed and its promises are checked.

mod accept;
mod check;
mod churn;
mod crash;
mod cuts;
mod directory;
mod doctor;
mod fixture;
mod guard;
mod model;
mod refresh;
mod refusals;
mod rot;
