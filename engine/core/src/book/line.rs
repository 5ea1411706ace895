//! Orders in line, gathered before they are filled.

use carbex_vocabulary::Side;

use super::order::OrderSlot;
use super::sides::Book;

/// How many levels are walked side by side. An order tells where the next one lies, a memory access away: walks side by side wait
/// together, one walk would wait for each order by itself.
const WALKED_TOGETHER: usize = 32;

/// A walk along one level.
#[derive(Clone, Copy)]
struct Walk {
    next: OrderSlot,
    /// Where in the line it goes.
    place: usize,
    left: u32,
}

impl Book {
    /// Gathers the orders of the best levels of a side whose prices are `chosen`, best price first, then oldest; some levels at
    /// a time. Nothing gathered: no such level is left.
    pub fn line_up(&self, side: Side, chosen: impl Fn(u64) -> bool, line: &mut Vec<OrderSlot>) {
        line.clear();
        let mut walks = [None; WALKED_TOGETHER];
        let levels = self.used_levels(side).take_while(|(price_ueur, _)| chosen(*price_ueur));
        let mut count = 0;
        for (walk, (_, level)) in walks.iter_mut().zip(levels) {
            *walk = level.oldest().map(|next| Walk { next, place: count, left: level.orders });
            count += level.orders as usize;
        }
        line.resize(count, OrderSlot::new(0));
        let mut walking = count > 0;
        while walking {
            walking = false;
            for walk in walks.iter_mut().flatten().filter(|walk| walk.left > 0) {
                line[walk.place] = walk.next;
                walk.place += 1;
                walk.left -= 1;
                if let Some(next) = self.younger_in_level(walk.next) {
                    self.look_at(next);
                    walk.next = next;
                    walking = true;
                }
            }
        }
    }
}
