package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"math"
	"math/rand/v2"
	"path"
	"sync"
	"sync/atomic"

	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sync/errgroup"
)

// packReaders is how many packs are read whole at once.
const packReaders = 2

// A packFile is a file that is named as a pack.
type packFile struct {
	name seal.Hash
	path string
	size int64
}

// listPacks lists the packs of the folder, by name.
func listPacks(ctx context.Context, f *store.Folder) ([]packFile, error) {
	dirs, err := f.List("packs")
	if err != nil {
		return nil, err
	}
	var packs []packFile
	for _, d := range dirs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !d.IsDir() || len(d.Name()) != 2 {
			continue
		}
		files, err := f.List(path.Join("packs", d.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			name, ok := packHash(file.Name())
			if !ok || file.Name()[:2] != d.Name() {
				continue
			}
			info, err := file.Info()
			if errors.Is(err, iofs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			packs = append(packs, packFile{name, path.Join("packs", d.Name(), file.Name()), info.Size()})
		}
	}
	return packs, nil
}

// packHash reads the name of a pack: 64 lower-case hex digits.
func packHash(name string) (h seal.Hash, ok bool) {
	if len(name) != 2*len(h) {
		return h, false
	}
	_, err := hex.Decode(h[:], []byte(name))
	return h, err == nil && h.String() == name
}

// checkPacks learns what is in the folder and looks at the clear beginning of every pack.
func (c *checker) checkPacks(ctx context.Context) error {
	report, err := c.store.Learn(ctx)
	if err != nil {
		return err
	}
	c.ignored = append(c.ignored, report.Ignored...)
	for _, name := range report.Missing {
		c.bad[name] = &problem{object: packPath(name), kind: isDamaged, err: errors.New("was here before and is gone")}
	}
	for _, d := range report.Damaged {
		if name, ok := packHash(path.Base(d.Name)); ok {
			c.bad[name] = &problem{object: d.Name, kind: kindOfProblem(d.Err), err: d.Err}
		}
	}
	if c.packs, err = listPacks(ctx, c.r.folder); err != nil {
		return err
	}
	if c.unfinished, c.unfinishedBytes, err = c.r.folder.Temporaries(); err != nil {
		return err
	}
	for _, pack := range c.packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.bad[pack.name] != nil {
			continue
		}
		if err := c.checkHeader(pack); err != nil {
			c.bad[pack.name] = &problem{object: pack.path, kind: kindOfProblem(err), err: err}
		}
	}
	return nil
}

func packPath(name seal.Hash) string {
	text := name.String()
	return path.Join("packs", text[:2], text)
}

// checkHeader looks at the size and the header of a pack.
func (c *checker) checkHeader(pack packFile) error {
	f, err := c.r.folder.Open(pack.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if least, err := sizeClass(pack.size); err != nil || least != pack.size {
		return fmt.Errorf("%w: %d bytes is no size of a pack", store.ErrDamaged, pack.size)
	}
	b := make([]byte, seal.HeaderSize)
	if n, err := io.ReadFull(f, b); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: only %d of %d bytes can be read", store.ErrOffline, n, pack.size)
	} else if err != nil {
		return err
	}
	h, err := seal.ParseHeader(b)
	if err != nil {
		return fmt.Errorf("%w: header: %w", store.ErrDamaged, err)
	}
	if h.Class != seal.ClassPack || h.Repository != c.r.id {
		return fmt.Errorf("%w: it is no pack of this repository", store.ErrDamaged)
	}
	return nil
}

// sizeClass is the size of the class that a pack of this size belongs to.
func sizeClass(size int64) (int64, error) {
	plaintext, err := seal.PlaintextSize(size)
	if err != nil {
		return 0, err
	}
	return seal.FileSize(seal.ClassPack, plaintext)
}

// readData reads packs whole: all that are not bad already, or a random part of them.
func (c *checker) readData(ctx context.Context, part share) error {
	packs := choose(c.packs, part, rand.Shuffle)
	var bytes, files atomic.Int64
	var total int64
	for _, pack := range packs {
		total += pack.size
	}
	bar := c.p.progress("check", func() tally {
		return tally{uint64(files.Load()), uint64(len(packs)), uint64(bytes.Load()), uint64(total), "packs"}
	})
	defer bar.done()
	var mu sync.Mutex // guards c.bad and c.read
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(packReaders)
	for _, pack := range packs {
		if running.Err() != nil {
			break
		}
		if c.isBad(&mu, pack.name) {
			continue
		}
		g.Go(func() error {
			_, err := c.store.Verify(running, pack.name)
			bytes.Add(pack.size)
			files.Add(1)
			if running.Err() != nil {
				return running.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			c.read++
			if err != nil {
				c.bad[pack.name] = &problem{object: pack.path, kind: kindOfProblem(err), err: err}
			}
			return nil
		})
	}
	return errors.Join(g.Wait(), ctx.Err())
}

func (c *checker) isBad(mu *sync.Mutex, name seal.Hash) bool {
	mu.Lock()
	defer mu.Unlock()
	return c.bad[name] != nil
}

// choose takes the packs that part means; shuffle says in which order.
func choose(packs []packFile, part share, shuffle func(n int, swap func(i, j int))) []packFile {
	if part.all {
		return packs
	}
	mixed := append([]packFile(nil), packs...)
	shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if part.percent > 0 {
		return mixed[:min(len(mixed), int(math.Ceil(float64(len(mixed))*part.percent/100)))]
	}
	var sum int64
	for i, pack := range mixed {
		if sum += pack.size; sum >= part.bytes {
			return mixed[:i+1]
		}
	}
	return mixed
}
