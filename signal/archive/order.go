package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrArchive is wrapped by errors about a stored backup that is not as this
// package writes it.
var ErrArchive = errors.New("the stored Signal backup is damaged")

// A part is one file of chats/.
type part struct {
	dir   [16]byte
	month int32 // year*12 + month - 1
	n     int32 // from 1; .n is left out for 1
}

// The months that occur: of the years 1970 to 9999.
const (
	firstMonth = 1970 * 12
	lastMonth  = 9999*12 + 11
)

// monthName returns YYYY-MM.
func monthName(month int32) string { return fmt.Sprintf("%04d-%02d", month/12, month%12+1) }

// parseMonth reads the name of a file: YYYY-MM, or that with a part's number.
func parseMonth(name string) (month, n int32, ok bool) {
	base, tail, more := strings.Cut(name, ".")
	y, m, two := strings.Cut(base, "-")
	year, err1 := strconv.Atoi(y)
	mon, err2 := strconv.Atoi(m)
	if !two || err1 != nil || err2 != nil || mon < 1 || mon > 12 {
		return 0, 0, false
	}
	month, n = int32(year*12+mon-1), 1
	if more {
		k, err := strconv.ParseInt(tail, 10, 32)
		if err != nil || k < 2 {
			return 0, 0, false
		}
		n = int32(k)
	}
	p := part{month: month, n: n}
	return month, n, month >= firstMonth && month <= lastMonth && p.file() == name
}

// file returns the name of the file in its folder.
func (p part) file() string {
	if p.n == 1 {
		return monthName(p.month)
	}
	return monthName(p.month) + "." + strconv.Itoa(int(p.n))
}

// path returns the name of the file in the tree.
func (p part) path() string { return fmt.Sprintf("%s/%x/%s", chatsName, p.dir, p.file()) }

// orderMagic begins the file order. Runs of records follow: varint
// (where << 2 | n-1), or (where << 2 | 3) and varint n-4, for n records. where
// is 0 for frames, 2+i for the file that was used i other files ago, and 1 for
// a file that follows the number: its folder (16 bytes), varint month, varint
// part, varint offset in it.
const orderMagic = "signal order 1\n"

// recentFiles is how many files a run can name by how long ago they were used.
const recentFiles = 128

// A place is where in a file the next record is.
type place struct {
	part
	off int64
}

// recent are the files used last, the last one first.
type recent []place

// use puts the file at i in front.
func (r recent) use(i int) {
	p := r[i]
	copy(r[1:i+1], r[:i])
	r[0] = p
}

// add puts a file in front, and forgets the one used longest ago if there are
// too many.
func (r *recent) add(p place) {
	if len(*r) < recentFiles {
		*r = append(*r, place{})
	}
	copy((*r)[1:], *r)
	(*r)[0] = p
}

func (r recent) find(p part) int {
	for i := range r {
		if r[i].part == p {
			return i
		}
	}
	return -1
}

// An orderWriter makes the file order of records that come one by one.
type orderWriter struct {
	w      io.Writer
	recent recent
	head   []byte // of the run at hand, without its length
	n      uint64 // its length so far
	inChat bool   // it is of recent[0]
	buf    []byte
}

// frame notes a record of frames.
func (o *orderWriter) frame() error {
	if o.n > 0 && !o.inChat {
		o.n++
		return nil
	}
	err := o.flush()
	o.head, o.n, o.inChat = append(o.head[:0], 0), 1, false
	return err
}

// chat notes a record of p that begins at off and takes size bytes there.
func (o *orderWriter) chat(p part, off, size int64) error {
	if o.n > 0 && o.inChat && o.recent[0].part == p {
		o.n++
		o.recent[0].off = off + size
		return nil
	}
	err := o.flush()
	o.n, o.inChat = 1, true
	if i := o.recent.find(p); i >= 0 {
		o.recent.use(i)
		o.head = append(o.head[:0], byte(2+i))
	} else {
		o.recent.add(place{part: p})
		o.head = append(append(o.head[:0], 1), p.dir[:]...)
		o.head = binary.AppendUvarint(o.head, uint64(p.month))
		o.head = binary.AppendUvarint(o.head, uint64(p.n))
		o.head = binary.AppendUvarint(o.head, uint64(off))
	}
	o.recent[0].off = off + size
	return err
}

// flush writes the run at hand.
func (o *orderWriter) flush() error {
	if o.n == 0 {
		return nil
	}
	where := uint64(o.head[0]) << 2
	b := o.buf[:0]
	if o.n < 4 {
		b = binary.AppendUvarint(b, where|(o.n-1))
	} else {
		b = binary.AppendUvarint(binary.AppendUvarint(b, where|3), o.n-4)
	}
	o.buf = append(b, o.head[1:]...)
	o.n = 0
	_, err := o.w.Write(o.buf)
	return err
}

// A run is some records that follow each other in one file.
type run struct {
	chat  bool // of a file of chats/, else of frames
	at    int  // in the recent ones; -1: place is given
	place place
	n     uint64
}

// maxRun is the length of the longest stored run.
const maxRun = 5*binary.MaxVarintLen64 + 16

// parseRun reads the run at the start of b and returns its length in b, 0 if
// there is none. recent is how many files were used so far, at most
// recentFiles.
func parseRun(b []byte, recent int) (r run, size int) {
	next := func() (x uint64) {
		x, k := binary.Uvarint(b[size:])
		if size += k; k <= 0 {
			b, size = nil, 0
		}
		return x
	}
	head := next()
	if b == nil {
		return r, 0
	}
	where := head >> 2
	r.n = head&3 + 1
	if r.n == 4 {
		if r.n = next(); b == nil || r.n > 1<<62 {
			return r, 0
		}
		r.n += 4
	}
	r.chat, r.at = where > 0, -1
	switch {
	case where == 0:
	case where > 1:
		if where-2 >= uint64(recent) {
			return r, 0
		}
		r.at = int(where - 2)
	default:
		if len(b) < size+16 {
			return r, 0
		}
		r.place.dir = [16]byte(b[size:])
		size += 16
		month, n, off := next(), next(), next()
		if b == nil || month < firstMonth || month > lastMonth || n == 0 || n > 1<<30 || off > 1<<60 {
			return r, 0
		}
		r.place.month, r.place.n, r.place.off = int32(month), int32(n), int64(off)
	}
	return r, size
}
