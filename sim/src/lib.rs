//! A synthetic France: residents whose footprints follow the French distribution, and (with a node) the life they lead.
//!
//! Floats are fine here: the simulator decides what people ask for. What leaves it is whole grams and whole µ€.
#![forbid(unsafe_code)]

pub mod life;
pub mod population;
