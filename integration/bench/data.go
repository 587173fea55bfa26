package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	smallFiles = 20_000
	mediaFiles = 150
	pageSize   = 4096
	pages      = 256 << 20 / pageSize
	perFolder  = 100
)

// A dataSet is the files that are backed up: the same for the same scale and day,
// on every machine.
//
//	small/{a,b}/NNN/…   texts, 100 in a folder
//	media/…             incompressible
//	db/messages.db      pages of records, half of each compressible
type dataSet struct {
	root  string
	small int
	media int
	pages int
	added int // small files of later days
	day   int
	words []string
	Files int
	Bytes int64
}

// source is the random numbers of one part of the data, apart from all others.
func source(part string, n int) *rand.ChaCha8 {
	var seed [32]byte
	copy(seed[:], part)
	binary.LittleEndian.PutUint64(seed[24:], uint64(n))
	return rand.NewChaCha8(seed)
}

// makeData writes the data set of day 0.
func makeData(ctx context.Context, root string, scale float64) (*dataSet, error) {
	times := func(n, least int) int { return max(least, int(math.Round(float64(n)*scale))) }
	d := &dataSet{root: root, small: times(smallFiles, 2*perFolder), media: times(mediaFiles, 4), pages: times(pages, 512)}
	d.words = vocabulary()
	for i := range d.small {
		if err := d.writeSmall(ctx, i); err != nil {
			return nil, err
		}
	}
	for i := range d.media {
		if err := d.writeMedia(ctx, i); err != nil {
			return nil, err
		}
	}
	if err := d.writeDatabase(ctx); err != nil {
		return nil, err
	}
	return d, d.count()
}

// vocabulary is 4,000 made-up words; text takes the early ones more often.
func vocabulary() []string {
	r := rand.New(source("words", 0))
	words := make([]string, 4000)
	for i := range words {
		b := make([]byte, 2+r.IntN(9))
		for j := range b {
			b[j] = "etaoinshrdlcumwfgypbvk"[int(22*r.Float64()*r.Float64())]
		}
		words[i] = string(b)
	}
	return words
}

// text appends about n bytes of words to b.
func (d *dataSet) text(b []byte, r *rand.Rand, n int) []byte {
	for end := len(b) + n; len(b) < end; {
		x := r.Float64()
		b = append(b, d.words[int(x*x*x*float64(len(d.words)))]...)
		if r.IntN(12) == 0 {
			b = append(b, '.', '\n')
		} else {
			b = append(b, ' ')
		}
	}
	return b
}

// halves are the two folders of small files; the first is what is copied out.
func (d *dataSet) half(n int) string { return filepath.Join(d.root, "small", string(rune('a'+n))) }

func (d *dataSet) smallPath(i int) string {
	half, at := 0, i
	if i >= d.small/2 {
		half, at = 1, i-d.small/2
	}
	return filepath.Join(d.half(half), fmt.Sprintf("%03d", at/perFolder), fmt.Sprintf("note-%05d.txt", at))
}

// writeSmall writes text i: 200 bytes to 64 KiB, half of them below 3 KiB.
func (d *dataSet) writeSmall(ctx context.Context, i int) error {
	r := rand.New(source(fmt.Sprint("small, day ", d.day), i))
	n := int(3000 * math.Exp(1.1*r.NormFloat64()))
	return write(ctx, d.smallPath(i), d.text(nil, r, min(max(n, 200), 64<<10)))
}

// writeMedia writes media file i: 0.6 to 4 MB.
func (d *dataSet) writeMedia(ctx context.Context, i int) error {
	s := source("media", i)
	b := make([]byte, 600_000+rand.New(s).IntN(3_400_000))
	s.Read(b)
	return write(ctx, d.mediaPath(i), b)
}

func (d *dataSet) mediaPath(i int) string {
	return filepath.Join(d.root, "media", fmt.Sprintf("IMG_%04d.jpg", i))
}

func (d *dataSet) database() string { return filepath.Join(d.root, "db", "messages.db") }

// page is page n as of today: a header, records of text, and bytes that look random.
func (d *dataSet) page(n int) []byte {
	s := source(fmt.Sprint("page, day ", d.day), n)
	b := make([]byte, 16, 2*pageSize)
	binary.BigEndian.PutUint32(b, uint32(n))
	binary.BigEndian.PutUint32(b[4:], uint32(d.day))
	b = d.text(b, rand.New(s), pageSize/2)[:pageSize]
	s.Read(b[pageSize/2:])
	return b
}

func (d *dataSet) writeDatabase(ctx context.Context) error {
	b := make([]byte, 0, d.pages*pageSize)
	for n := range d.pages {
		b = append(b, d.page(n)...)
	}
	return write(ctx, d.database(), b)
}

// nextDay changes what a day changes: one page in a hundred of the database, in
// runs of 1 to 16, and 1 in 250 more pages at its end; one small file in a
// hundred, one in two hundred new, one in four hundred gone; two new media files.
func (d *dataSet) nextDay(ctx context.Context) error {
	d.day++
	r := rand.New(source("day", d.day))
	if err := d.changeDatabase(r); err != nil {
		return err
	}
	for range d.small / 100 {
		if err := d.writeSmall(ctx, r.IntN(d.small)); err != nil {
			return err
		}
	}
	for range d.small / 200 {
		d.added++
		name := filepath.Join(d.half(1), "new", fmt.Sprintf("note-%d-%05d.txt", d.day, d.added))
		if err := write(ctx, name, d.text(nil, r, 3000)); err != nil {
			return err
		}
	}
	for range d.small / 400 {
		if err := os.Remove(d.smallPath(r.IntN(d.small))); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	for range 2 {
		if err := d.writeMedia(ctx, d.media); err != nil {
			return err
		}
		d.media++
	}
	return d.count()
}

func (d *dataSet) changeDatabase(r *rand.Rand) error {
	f, err := os.OpenFile(d.database(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	put := func(n int) error {
		_, err := f.WriteAt(d.page(n), int64(n)*pageSize)
		return err
	}
	for left := d.pages / 100; left > 0; {
		run := 1 + r.IntN(16)
		first := r.IntN(d.pages - run)
		for n := first; n < first+run; n++ {
			if err := put(n); err != nil {
				return err
			}
		}
		left -= run
	}
	for range d.pages / 250 {
		if err := put(d.pages); err != nil {
			return err
		}
		d.pages++
	}
	return f.Close()
}

// count counts the files and their bytes.
func (d *dataSet) count() error {
	d.Files, d.Bytes = 0, 0
	return filepath.WalkDir(d.root, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		d.Files++
		d.Bytes += info.Size()
		return nil
	})
}

func write(ctx context.Context, name string, b []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := os.WriteFile(name, b, 0o644)
	if os.IsNotExist(err) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		err = os.WriteFile(name, b, 0o644)
	}
	return err
}
