package integration

import (
	"bakfs/seal"
)

// listOf is an extent list node.
func listOf(level byte, items ...[]byte) []byte { return nodeOf(level, uint32(len(items)), items...) }

// Most items of list nodes in 1 MiB.
const (
	fullExtents = (1<<20 - 8) / 36
	fullItems   = (1<<20 - 8) / 40
)

// listBombs are bombs of extent lists.
func listBombs() (all []bomb) {
	hole := extentOf(1<<32-1, seal.ID{})
	const holes = uint64(fullExtents * (1<<32 - 1))
	file := func(name string, refused bool, make func(f *forge) evil) {
		all = append(all, bomb{name: name, refused: refused, count: 3, root: func(f *forge) seal.ID {
			return f.put(seal.Tree, node0(make(f).bytes()))
		}})
	}
	list := func(f *forge, node []byte) seal.ID { return f.put(seal.List, node) }
	file("list of nine holes", false, func(f *forge) evil {
		return evilList("a", 9*(1<<32-1), 0, list(f, listOf(0, repeated(9, hole)...)))
	})
	file("list of eight holes", true, func(f *forge) evil {
		return evilList("a", 8*(1<<32-1), 0, list(f, listOf(0, repeated(8, hole)...)))
	})
	file("list of no bytes", true, func(f *forge) evil { return evilList("a", 0, 0, list(f, listOf(0))) })
	file("list of level 5", true, func(f *forge) evil {
		return evilList("a", 9, 0, list(f, listOf(5, listItem(9, seal.ID{1}))))
	})
	file("list of another size", true, func(f *forge) evil {
		return evilList("a", 9*(1<<32-1)+1, 0, list(f, listOf(0, repeated(9, hole)...)))
	})
	file("list of data that is not there", true, func(f *forge) evil {
		return evilList("a", 9*(1<<32-1), 1, list(f, listOf(0, repeated(9, hole)...)))
	})
	file("list of a child of another size", true, func(f *forge) evil {
		low := list(f, listOf(0, repeated(9, hole)...))
		return evilList("a", 9*(1<<32-1)+1, 0, list(f, listOf(1, listItem(9*(1<<32-1)+1, low))))
	})
	file("list that goes past 2^63", true, func(f *forge) evil {
		return evilList("a", 1<<63-1, 0, list(f, listOf(1, listItem(1<<63-1, seal.ID{1}), listItem(1, seal.ID{1}))))
	})
	file("list of 2^63-1 bytes", true, func(f *forge) evil { // no file system has such files
		low := list(f, listOf(0, repeated(fullExtents, hole)...))
		middle := list(f, listOf(1, repeated(fullItems, listItem(holes, low))...))
		return evilList("a", 1<<63-1, 0, list(f, listOf(2, listItem(holes*fullItems, middle), listItem(holes*fullItems, middle),
			listItem(1<<63-1-2*holes*fullItems, seal.ID{1}))))
	})
	file("list of more data than any disk holds", true, func(f *forge) evil { // one chunk, named 10^9 times
		chunk := f.put(seal.Content, content("one", 1, 1<<20))
		low := list(f, listOf(0, repeated(fullExtents, extentOf(1<<20, chunk))...))
		size := uint64(fullItems) * fullExtents << 20
		return evilList("a", size, size, list(f, listOf(1, repeated(fullItems, listItem(fullExtents<<20, low))...)))
	})
	file("list of more data than it says", true, func(f *forge) evil {
		chunk := f.put(seal.Content, content("one", 1, 1<<20))
		low := list(f, listOf(0, repeated(fullExtents, extentOf(1<<20, chunk))...))
		size := uint64(fullItems) * fullExtents << 20
		return evilList("a", size, 1<<20, list(f, listOf(1, repeated(fullItems, listItem(fullExtents<<20, low))...)))
	})
	return all
}
