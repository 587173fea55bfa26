package integration

import (
	"context"
	"encoding/binary"
	"fmt"

	"bakfs/seal"
)

// The bytes of trees, by FORMAT.md section 8 and without package snapshot: it would
// refuse to write most of what is here.

// nodeOf is a tree node of level 0 with these entries, or one above it with children.
func nodeOf(level byte, count uint32, items ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{1, level, 0, 0}, count)
	for _, i := range items {
		b = append(b, i...)
	}
	return b
}

// node0 is a directory of one node.
func node0(entries ...[]byte) []byte { return nodeOf(0, uint32(len(entries)), entries...) }

// child is an item of a node above level 0.
func child(first string, id seal.ID, below uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(first)))
	b = append(append(b, first...), id[:]...)
	return binary.BigEndian.AppendUint32(b, below)
}

// An evil entry is one with any value in any field.
type evil struct {
	name          string
	kind, content byte
	flags         uint16
	mode          uint32
	inode         uint64
	size          uint64
	body, tail    []byte // by kind and content; attributes
}

func (e evil) bytes() []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, uint16(len(e.name)))
	b = append(append(b, e.name...), e.kind, e.content)
	b = be.AppendUint16(b, e.flags)
	b = be.AppendUint32(b, e.mode)
	b = append(b, make([]byte, 8+2+16)...) // owner, names, times
	b = be.AppendUint64(b, e.inode)
	b = be.AppendUint32(b, 1)
	if e.flags&1 != 0 {
		b = be.AppendUint64(b, 7)
	}
	b = be.AppendUint64(b, e.size)
	return append(append(b, e.body...), e.tail...)
}

func evilInline(name, text string) evil {
	return evil{name: name, kind: 1, content: 1, mode: 0o644, size: uint64(len(text)), body: sized(text)}
}

func evilDir(name string, root seal.ID) evil {
	return evil{name: name, kind: 2, mode: 0o755, body: root[:]}
}

func evilLink(name, target string) evil {
	return evil{name: name, kind: 3, mode: 0o777, size: uint64(len(target)), body: sized(target)}
}

// evilExtents is a file of extents in its entry.
func evilExtents(name string, size uint64, extents ...[]byte) evil {
	body := []byte{byte(len(extents))}
	for _, x := range extents {
		body = append(body, x...)
	}
	return evil{name: name, kind: 1, content: 2, mode: 0o644, size: size, body: body}
}

// evilList is a file with an extent list.
func evilList(name string, size, data uint64, root seal.ID) evil {
	return evil{name: name, kind: 1, content: 3, mode: 0o644, size: size, body: binary.BigEndian.AppendUint64(root[:], data)}
}

func sized(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

func extentOf(length uint32, id seal.ID) []byte {
	return append(binary.BigEndian.AppendUint32(nil, length), id[:]...)
}

func listItem(size uint64, id seal.ID) []byte {
	return append(binary.BigEndian.AppendUint64(nil, size), id[:]...)
}

// repeated is n times the same items.
func repeated(n int, item []byte) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = item
	}
	return all
}

// manyFiles are the entries of n small files, with names of width digits.
func manyFiles(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = evilInline(fmt.Sprintf("%08d", i), "x").bytes()
	}
	return all
}

// chain puts directories inside each other, depth of them; what surrounds each is in
// siblings. It returns the outermost.
func (f *forge) chain(depth int, inner seal.ID, siblings ...[]byte) seal.ID {
	f.t.Helper()
	st := f.open(tempDir(f.t))
	for range depth {
		id, _, err := st.Put(context.Background(), seal.Tree, node0(append([][]byte{evilDir("!", inner).bytes()}, siblings...)...))
		check(f.t, err)
		inner = id
	}
	check(f.t, st.Flush(context.Background()))
	check(f.t, st.Close())
	return inner
}
