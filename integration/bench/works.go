package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	randomReads = 300
	randomSize  = 64 << 10
)

// A session is a new mount and what is measured in it.
type session struct {
	cold  bool                                // caches are dropped after mounting
	known func(t *turn, tree string) []string // looked up before the clock starts
	works []work                              // in this order
}

type work struct {
	name string
	do   func(ctx context.Context, t *turn, tree string) error
}

// sessions are all that is measured in mounts. Each reader has a mount of its own,
// so that no program's own cache helps it.
var sessions = []session{
	{cold: true, works: []work{{"first ls", firstList}, {"ls -lR", listAll}}},
	{cold: true, known: (*turn).mediaIn, works: []work{{"cold read", readWith(1)}}},
	{known: (*turn).mediaIn, works: []work{{"read", readWith(1)}}},
	{known: (*turn).mediaIn, works: []work{{"4 readers", readWith(4)}}},
	{cold: true, known: (*turn).databaseIn, works: []work{{"random", readRandomly}}},
	{cold: true, works: []work{{"cp -r", copyOut}}},
}

// mounts runs all sessions. A server of memory stays over all of them, where
// dropping the kernel's caches makes its mount as good as new.
func (t *turn) mounts(ctx context.Context) (err error) {
	var m *mounted
	defer func() {
		if m != nil {
			err = errors.Join(err, m.close())
		}
	}()
	for _, s := range sessions {
		if m == nil {
			if s.cold {
				t.caches.drop()
			}
			if m, err = t.mount(ctx); err != nil {
				return err
			}
		}
		if s.cold || t.memory {
			t.caches.drop()
		}
		if err := t.session(ctx, s, m); err != nil {
			return err
		}
		if t.memory && t.caches.allowed {
			continue
		}
		if err := m.close(); err != nil {
			return err
		}
		m = nil
	}
	return nil
}

func (t *turn) mount(ctx context.Context) (*mounted, error) {
	at := filepath.Join(t.dir, "mnt")
	if t.memory {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return startMount(ctx, command{args: []string{self, "-serve", t.name, t.data.root, at}}, at)
	}
	m, err := startMount(ctx, t.tool.mount(at, t.said), at)
	if err == nil {
		t.results.add("mount", t.name, m.ready.Seconds())
		t.results.addCPU("mount", t.name, m.usage().cpu.Seconds())
	}
	return m, err
}

// session measures the works of one mount.
func (t *turn) session(ctx context.Context, s session, m *mounted) error {
	tree := m.dir
	if !t.memory {
		tree = t.tool.tree(m.dir)
	}
	if s.known != nil {
		for _, p := range s.known(t, tree) {
			if _, err := os.Lstat(p); err != nil {
				return err
			}
		}
	}
	for _, w := range s.works {
		before, begin := m.usage(), time.Now()
		if err := w.do(ctx, t, tree); err != nil {
			if err = t.failed(ctx, w.name, err); err != nil {
				return err
			}
			continue
		}
		k := cost{wall: time.Since(begin), cpu: m.usage().cpu - before.cpu}
		t.note(w.name, k)
	}
	if !t.memory {
		t.results.add("mount memory", t.name, float64(m.usage().peak))
	}
	return nil
}

// in is the place in tree of a path of the data set.
func (t *turn) in(tree, path string) string {
	rel, err := filepath.Rel(t.data.root, path)
	if err != nil {
		panic(err) // the paths are the data set's own
	}
	return filepath.Join(tree, rel)
}

func (t *turn) mediaIn(tree string) []string {
	var all []string
	for i := range t.data.media {
		all = append(all, t.in(tree, t.data.mediaPath(i)))
	}
	return all
}

func (t *turn) databaseIn(tree string) []string { return []string{t.in(tree, t.data.database())} }

// firstList lists a folder of small files with their attributes.
func firstList(_ context.Context, t *turn, tree string) error {
	list, err := os.ReadDir(filepath.Dir(t.in(tree, t.data.smallPath(0))))
	if err != nil {
		return err
	}
	for _, e := range list {
		if _, err := e.Info(); err != nil {
			return err
		}
	}
	if len(list) < perFolder/2 {
		return fmt.Errorf("only %d files listed", len(list))
	}
	return nil
}

func listAll(ctx context.Context, _ *turn, tree string) error {
	return exec.CommandContext(ctx, "ls", "-lR", tree).Run()
}

// copyOut copies half of the small files with cp.
func copyOut(ctx context.Context, t *turn, tree string) error {
	to := filepath.Join(t.dir, "copy")
	return exec.CommandContext(ctx, "cp", "-r", t.in(tree, t.data.half(0)), to).Run()
}

// readWith reads the media files, n at a time.
func readWith(n int) func(context.Context, *turn, string) error {
	return func(ctx context.Context, t *turn, tree string) error {
		files := t.mediaIn(tree)
		next := make(chan string, len(files))
		for _, f := range files {
			next <- f
		}
		close(next)
		g, ctx := errgroup.WithContext(ctx)
		for range n {
			g.Go(func() error {
				buf := make([]byte, 1<<20)
				for f := range next {
					if read, err := readFile(ctx, f, buf); err != nil || read == 0 {
						return errors.Join(err, fmt.Errorf("%s: %d bytes read", f, read))
					}
				}
				return nil
			})
		}
		return g.Wait()
	}
}

func readFile(ctx context.Context, name string, buf []byte) (n int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for {
		got, err := f.Read(buf)
		n += int64(got)
		if err == io.EOF {
			return n, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return n, err
		}
	}
}

// readRandomly reads blocks of 64 KiB all over the database, one after another.
func readRandomly(ctx context.Context, t *turn, tree string) error {
	f, err := os.Open(t.databaseIn(tree)[0])
	if err != nil {
		return err
	}
	defer f.Close()
	r, buf := rand.New(source("random reads", 0)), make([]byte, randomSize)
	blocks := t.data.pages * pageSize / randomSize
	for range randomReads {
		if _, err := f.ReadAt(buf, int64(r.IntN(blocks))*randomSize); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
