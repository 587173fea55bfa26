package snapshot

import (
	"context"
	iofs "io/fs"

	"bakfs/seal"
)

// Extent says whether data or a hole stands at off, which is inside the file, and where that ends. Of a file without
// holes nothing is read for it.
func (f *openFile) Extent(ctx context.Context, off int64) (data bool, end int64, err error) {
	size := f.entry.Size
	if off < 0 || f.entry.Kind != File || off >= size {
		return false, 0, f.fail(off, iofs.ErrInvalid)
	}
	if f.entry.content() == contentInline || dataBytes(f.entry) == size {
		return true, size, nil
	}
	for end = off; end < size; {
		leaf, base, err := f.leaf(ctx, end)
		if err == nil {
			err = ctx.Err() // a list may be of the same few nodes, many times
		}
		if err != nil {
			return false, 0, f.fail(end, err)
		}
		for i := leaf.search(end - base); i < len(leaf.ids); i++ {
			switch is := leaf.ids[i] != (seal.ID{}); {
			case end == off:
				data = is
			case is != data:
				return data, end, nil
			}
			end = base + leaf.ends[i]
		}
	}
	return data, end, nil
}
