package main

import (
	"context"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A bench runs the rounds.
type bench struct {
	tmp     string
	data    *dataSet
	tools   []program
	results *results
	caches  dropper
}

// A turn is one program in one round.
type turn struct {
	*bench
	name   string
	memory bool
	dir    string
	tool   *tool // nil for the servers of memory
	said   string
	size   int64 // of the repository
	out    bool  // failed at what the rest of the round needs
}

// failed keeps that a program did not do a work. Of a peer that is a result; the
// error is returned for bakfs and the servers of memory, and for a run that ends.
func (t *turn) failed(ctx context.Context, work string, err error) error {
	if t.memory || t.name == "bakfs" || ctx.Err() != nil {
		return fmt.Errorf("%s: %w", work, err)
	}
	say("%s failed: %s: %v", t.name, work, err)
	t.results.Failed = append(t.results.Failed, fmt.Sprintf("%s, %s: %s", t.name, work, strings.ReplaceAll(err.Error(), t.tmp, "…")))
	return nil
}

// round runs every program once, each work of all programs close together in
// time. Another program begins in each round. Repositories are new. Nothing is
// removed before the end: ext4 makes files slowly for minutes after many were
// deleted, and that would fall on whoever comes next.
func (b *bench) round(ctx context.Context, n int) error {
	var turns []*turn
	for i := range b.tools {
		p := b.tools[(i+n)%len(b.tools)]
		t := &turn{bench: b, name: p.Name, memory: p.memory, dir: filepath.Join(b.tmp, fmt.Sprintf("round%d", n), p.Name)}
		if !p.memory {
			t.tool = p.setUp(t.dir, b.data.root)
		}
		turns = append(turns, t)
	}
	parts := []struct {
		what string
		do   func(*turn, context.Context) error
	}{
		{"first backup, and again", (*turn).begin},
		{"a day's changes, restore", (*turn).nextDay},
		{"mount", (*turn).mounts},
	}
	for i, part := range parts {
		if i == 1 {
			if err := b.data.nextDay(ctx); err != nil {
				return err
			}
		}
		for _, t := range turns {
			if t.out || t.memory && i < 2 {
				continue
			}
			begin := time.Now()
			if err := part.do(t, ctx); err != nil {
				if err = t.failed(ctx, part.what, err); err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
				t.out = true
			}
			say("round %d: %-8s %-26s %6.1f s", n+1, t.name, part.what, time.Since(begin).Seconds())
		}
	}
	return nil
}

// note keeps what a work took.
func (t *turn) note(work string, k cost) {
	t.results.add(work, t.name, k.wall.Seconds())
	t.results.addCPU(work, t.name, k.cpu.Seconds())
}

// begin makes the repository and runs the first and an unchanged second backup.
func (t *turn) begin(ctx context.Context) error {
	if err := t.tool.prepare(ctx, t.dir); err != nil {
		return err
	}
	empty, err := size(t.tool.repo)
	if err != nil {
		return err
	}
	if err := t.backup(ctx, "first"); err != nil {
		return err
	}
	t.results.add("repository", t.name, float64(t.size-empty))
	return t.backup(ctx, "again")
}

// backup runs one backup with the data in memory, as it is after one has worked
// with it.
func (t *turn) backup(ctx context.Context, work string) error {
	syscall.Sync()
	if err := readTree(ctx, t.data.root); err != nil {
		return err
	}
	k, said, err := t.tool.backup(work).run(ctx)
	if err != nil {
		return err
	}
	t.note(work, k)
	t.said = said
	t.results.add("backup memory", t.name, float64(k.peak))
	now, err := size(t.tool.repo)
	if work == "day" {
		t.results.add("growth", t.name, float64(now-t.size))
	}
	t.size = now
	return err
}

// nextDay backs the changes up and restores all of it.
func (t *turn) nextDay(ctx context.Context) error {
	if err := t.backup(ctx, "day"); err != nil {
		return err
	}
	to := filepath.Join(t.dir, "restored")
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	t.caches.drop()
	k, _, err := t.tool.restore(to).run(ctx)
	if err != nil {
		return err
	}
	t.note("restore", k)
	files, bytes, err := count(to)
	if err == nil && (files != t.data.Files || bytes != t.data.Bytes) {
		err = fmt.Errorf("restored %d files of %d bytes instead of %d of %d", files, bytes, t.data.Files, t.data.Bytes)
	}
	return err
}

// count counts files and their bytes.
func count(root string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(root, func(_ string, e iofs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			files++
			bytes += info.Size()
		}
		return err
	})
	return files, bytes, err
}

func size(root string) (int64, error) {
	_, bytes, err := count(root)
	return bytes, err
}

// readTree brings all files into the kernel's cache.
func readTree(ctx context.Context, root string) error {
	buf := make([]byte, 1<<20)
	return filepath.WalkDir(root, func(p string, e iofs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || e.IsDir() {
			return err
		}
		_, err = readFile(ctx, p, buf)
		return err
	})
}
