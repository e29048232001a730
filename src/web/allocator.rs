//! The allocator of the npm module: a list of free blocks for each power of
//! two, and fresh memory where that is empty. What is allocated here is a few
//! hundred texts and records that come and go in the same sizes, so nothing
//! is merged or given back to the browser.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr::null_mut;

/// The size of a page of memory, as a power of two.
const PAGE: u32 = 16;
/// The alignment and the least size of a block.
const LEAST: usize = 16;

pub struct FreeLists {
    /// The first free block of each size; each holds the address of the next.
    free: [Cell<*mut *mut u8>; 32],
    /// Memory that was never used: from here…
    fresh: Cell<usize>,
    /// …to here.
    end: Cell<usize>,
}

// SAFETY: the module is built without threads.
unsafe impl Sync for FreeLists {}

impl FreeLists {
    pub const fn new() -> Self {
        Self {
            free: [const { Cell::new(null_mut()) }; 32],
            fresh: Cell::new(0),
            end: Cell::new(0),
        }
    }

    /// The list of the blocks that a layout is given.
    fn list(&self, layout: Layout) -> (&Cell<*mut *mut u8>, usize) {
        // No layout has more than isize::MAX bytes, so 1 << 31 is the most.
        let size = layout.size().max(LEAST).next_power_of_two();
        (&self.free[size.trailing_zeros() as usize & 31], size)
    }
}

// SAFETY: a block is in a list or in use, never both, and blocks do not
// overlap: each is cut from memory that was never used.
unsafe impl GlobalAlloc for FreeLists {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (list, size) = self.list(layout);
        let block = list.get();
        if !block.is_null() {
            // SAFETY: a free block holds the address of the next.
            list.set(unsafe { *block }.cast());
            return block.cast();
        }
        if self.end.get() - self.fresh.get() < size {
            let pages = (size >> PAGE) + 1;
            let old = memory_size::<0>();
            if layout.align() > LEAST || memory_grow::<0>(pages) != old {
                return null_mut();
            }
            // Nobody else grows the memory, so it goes on where it ended.
            if self.end.get() != old << PAGE {
                self.fresh.set(old << PAGE);
            }
            self.end.set((old + pages) << PAGE);
        }
        let block = self.fresh.get();
        self.fresh.set(block + size);
        block as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (list, _) = self.list(layout);
        // SAFETY: a block has room for an address, and is aligned for it.
        unsafe { *block.cast() = list.get().cast::<u8>() };
        list.set(block.cast());
    }
}
