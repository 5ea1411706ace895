//! A table: a fixed number of plain records, zero at first, asked for once, on huge pages where the system gives them.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use memmap2::{Advice, MmapMut};
use zerocopy::{FromBytes, IntoBytes};

/// Tables smaller than this gain nothing from huge pages and would waste most of one.
const HUGE_FROM_BYTES: usize = 4 * 1024 * 1024;

/// `length` records of `T`, all bytes zero at first. Memory is reserved at once and taken from the system as it is touched.
pub struct Table<T> {
    map: MmapMut,
    length: usize,
    records: PhantomData<T>,
}

impl<T: FromBytes + IntoBytes> Table<T> {
    /// A table of zeroed records.
    ///
    /// # Panics
    /// When the system has no room for it: a table that is asked for at the start is needed.
    pub fn zeroed(length: usize) -> Self {
        const { assert!(align_of::<T>() <= 4096, "a mapping begins on a page") };
        let bytes = length.checked_mul(size_of::<T>()).expect("a table that this machine can address");
        let map = MmapMut::map_anon(bytes.max(1))
            .unwrap_or_else(|error| panic!("no room for a table of {bytes} bytes: {error}"));
        if bytes >= HUGE_FROM_BYTES {
            // Refused where the kernel was built without them: the table then lies on ordinary pages; `huge_pages` says why.
            let _ = map.advise(Advice::HugePage);
        }
        Self { map, length, records: PhantomData }
    }

    /// As [`prefetch`]; nothing at all beyond the table's end.
    #[inline(always)]
    pub fn prefetch(&self, place: usize) {
        if let Some(record) = self.get(place) {
            prefetch(record);
        }
    }
}

/// Brings the first cache line of a record nearer, for reading and writing soon. Without effect on what is there, and nothing at
/// all on a processor that cannot.
#[inline(always)]
pub fn prefetch<T>(record: &T) {
    let line: *const i8 = std::ptr::from_ref(record).cast();
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: prefetching is a hint that never faults, whatever the address; this one is a live record's.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above: `prfm` is a hint that reads and writes nothing the program can see.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = line;
}

impl<T: FromBytes + IntoBytes> Deref for Table<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: the mapping is at least `length` records long (see `zeroed`), begins on a page, which suits `T`'s alignment, and
        // lives as long as `self`; every byte pattern is a `T` (`FromBytes`), and only `self` reaches it.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.length) }
    }
}

impl<T: FromBytes + IntoBytes> DerefMut for Table<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_zero_at_first_and_keeps_what_is_written() {
        for length in [0, 1, 1000, 2_000_000] {
            let mut table: Table<[u64; 3]> = Table::zeroed(length);
            assert_eq!(table.len(), length);
            assert!(table.iter().all(|record| *record == [0; 3]));
            for (number, record) in (1..).zip(table.iter_mut()) {
                *record = [number; 3];
            }
            assert!((1..).zip(table.iter()).all(|(number, record)| *record == [number; 3]));
        }
    }

    #[test]
    fn prefetching_changes_nothing_inside_and_beyond_the_table() {
        let table: Table<u32> = Table::zeroed(10);
        for place in [0, 9, 10, usize::MAX] {
            table.prefetch(place);
        }
        assert!(table.iter().all(|record| *record == 0));
    }
}
