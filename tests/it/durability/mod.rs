//! What survives a crash: the real binary is killed and its promises are checked.

mod directory;
