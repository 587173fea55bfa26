package legacy

// After a damaged frame the next one is known by its MAC: 80 bits say that it
// is what the app wrote. So guesses about where it begins do no harm.

// scanAhead bounds how far behind a damaged frame the next good one is looked
// for, scanFrame its length, and scanParts how many parts may lie between.
const (
	scanAhead = 1 << 20
	scanFrame = 64<<10 - 1
	scanParts = 1024
)

// resume returns where the part behind the damaged frame at r.off begins.
// With near set it only tries the place that the frame's length tells.
func (r *Reader) resume(near bool) (Ref, bool) {
	head, err := r.win.at(r.off, 4)
	if err != nil {
		return Ref{}, false
	}
	n, ok := r.s.frameLength(head, r.s.stream(r.counter, 0))
	end := r.off + 4 + int64(n)
	if ok && end <= r.win.size {
		if _, ok := r.proved(end, r.counter+1, maxFrame); ok {
			return Ref{end, r.counter + 1}, true
		}
		if length, ok := r.guess(n); ok && !near {
			b := Blob{Offset: end, Length: length, counter: r.counter + 1, r: r}
			if after := end + length + MACSize; after <= r.win.size && b.verify() == nil {
				r.blobs++
				return Ref{after, r.counter + 2}, true
			}
		}
	}
	if near {
		return Ref{}, false
	}
	return r.scan()
}

// scan looks for the next good frame at every byte. Which of the next parts
// may begin there the first two bytes tell, which are 0 before encryption.
func (r *Reader) scan() (Ref, bool) {
	starts := make(map[[2]byte][]uint32)
	for k := uint32(1); k <= scanParts; k++ {
		var mask [2]byte
		if r.s.version > 0 {
			r.s.stream(r.counter+k, 0).XORKeyStream(mask[:], mask[:])
		}
		starts[mask] = append(starts[mask], r.counter+k)
	}
	for off := r.off + 1; off < min(r.off+scanAhead, r.win.size-frameExtra); off++ {
		head, err := r.win.at(off, 4)
		if err != nil {
			return Ref{}, false
		}
		for _, counter := range starts[[2]byte(head)] {
			whole, ok := r.proved(off, counter, scanFrame)
			if ok {
				return Ref{off, counter}, true
			}
			if r.s.version == 0 && !whole {
				break // its MAC is wrong, whichever part it is
			}
		}
	}
	return Ref{}, false
}

// guess returns the length of the blob that the damaged frame at r.off seems
// to announce; it has n bytes behind its length.
func (r *Reader) guess(n int) (int64, bool) {
	raw, err := r.win.at(r.off, 4+n)
	if err != nil {
		return 0, false
	}
	r.key = r.s.stream(r.counter, 0)
	r.s.frameLength(raw, r.key)
	return blobLength(classify(r.decrypt(raw)))
}

// proved reports whether the frame at off has a right MAC, and whether it is
// the one with that number. In version 0 the MAC does not depend on the number,
// so that the content must make sense.
func (r *Reader) proved(off int64, counter uint32, limit int) (whole, ok bool) {
	raw, err := r.frame(&r.win, off, counter, limit)
	if err != nil {
		return false, false
	}
	return true, r.s.version > 0 || sensible(r.decrypt(raw))
}

// sensible reports whether a frame is what apps write: one field of a known kind.
func sensible(frame []byte) bool {
	kind, _ := classify(frame)
	_, rest, ok := nextField(frame)
	return ok && len(rest) == 0 && kind != KindUnknown
}
