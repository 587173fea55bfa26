package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bakfs/index"
	"bakfs/seal"
)

const (
	learners    = 4
	learnPause  = 3 * time.Second // between two learnings that missing chunks cause where no folder has changed
	damageTries = 8               // times that a damaged index is mended before that is an error
)

// A Report says what was found in the folder.
type Report struct {
	Packs   int         // files that are named as packs
	Learned int         // of these, new to the index
	Ignored []string    // foreign names below packs/; Foreign says what they are
	Adopted []string    // of these, copies that are read in place of a pack that is gone or damaged
	Missing []seal.Hash // packs that were there once
	Damaged []Damage    // packs that are new and could not be opened
}

// Damage is a file that cannot be used, and why.
type Damage struct {
	Name string
	Err  error
}

// A learning is what the last one left, guarded by turn.
type learning struct {
	turn    turn
	last    time.Time
	stamps  map[string]time.Time // of the folders of packs, taken at last
	dropped int                  // segments of the index that were damaged by then
}

// Learn lists the packs of the folder and reads the directories of those that
// the index does not know, no chunks. A pack that cannot be opened is in the
// report and stops nothing; the error is about the folder or the index.
func (s *Store) Learn(ctx context.Context) (Report, error) {
	if err := s.learning.turn.take(ctx); err != nil {
		return Report{}, err
	}
	defer s.learning.turn.leave()
	return s.learn(ctx)
}

// learnSoon learns unless that was done after since, or a moment ago and no pack
// has come since then; one that runs is waited for. So a chunk that is here is
// found at once, and a thousand that are missing cost one learning. Where a file
// system does not tell by times that a folder changed, the pause bounds the delay.
func (s *Store) learnSoon(ctx context.Context, since time.Time) error {
	if err := s.learning.turn.take(ctx); err != nil {
		return err
	}
	defer s.learning.turn.leave()
	last := s.learning.last
	if last.After(since) {
		return nil
	}
	if time.Since(last) < learnPause && s.index.Dropped() == s.learning.dropped && !s.folder.changedSince(s.learning.stamps, last) {
		return nil
	}
	_, err := s.learn(ctx)
	return err
}

func (s *Store) learn(ctx context.Context) (Report, error) {
	started := time.Now()
	stamps := s.folder.stamps() // before the survey: what comes in between is a change
	s.packs.tryAgain()
	known, err := s.knownPacks()
	s.learning.dropped = s.index.Dropped() // before those that may be lost from here on
	if err != nil {
		return Report{}, err
	}
	in, err := s.folder.survey(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{Packs: len(in.packs), Ignored: in.foreign}
	var unknown []seal.Hash
	for name := range in.packs {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	for name := range in.copies {
		if !in.packs[name] && !known[name] {
			unknown = append(unknown, name)
		}
	}
	for name := range known {
		if !in.packs[name] && in.copies[name] != placeholder && !(in.strays[name[0]] && s.packs.adoptable(name)) {
			r.Missing = append(r.Missing, name)
		}
	}
	slices.SortFunc(r.Missing, compareHashes)
	slices.SortFunc(unknown, compareHashes)
	if err := s.learnPacks(ctx, unknown, &r); err != nil {
		return r, err
	}
	r.Adopted = s.packs.adoptions()
	s.learning.last, s.learning.stamps = started, stamps
	if r.Learned > 0 {
		return r, s.index.Publish()
	}
	return r, nil
}

// learnPacks reads the directories of packs and adds them to the index.
func (s *Store) learnPacks(ctx context.Context, names []seal.Hash, r *Report) error {
	var mu sync.Mutex // guards r
	g, group := errgroup.WithContext(ctx)
	g.SetLimit(learners)
	for _, name := range names {
		if group.Err() != nil {
			break
		}
		g.Go(func() error {
			pack, entries, err := s.directory(name)
			if err == nil {
				if err := s.index.Add(pack, entries); err != nil {
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.Damaged = append(r.Damaged, Damage{packPath(name), err})
			} else {
				r.Learned++
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	slices.SortFunc(r.Damaged, func(a, b Damage) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// directory reads what a pack says it holds.
func (s *Store) directory(name seal.Hash) (index.Pack, []index.Entry, error) {
	pack, err := s.packs.acquire(name)
	if err != nil {
		return index.Pack{}, nil, err
	}
	defer s.packs.release(pack)
	h, entries, err := readDirectory(pack.reader, pack.reader.Size())
	if err != nil {
		return index.Pack{}, nil, fmt.Errorf("%s: %w", pack.path, err)
	}
	size, err := seal.FileSize(seal.ClassPack, pack.reader.Size())
	return index.Pack{Name: name, Size: size, Stream: h.stream}, entries, err
}

// relearn reads one pack's directory again, because the index was wrong about
// it, and returns where the chunk lies in it.
func (s *Store) relearn(name seal.Hash, id seal.ID) (index.Place, error) {
	pack, entries, err := s.directory(name)
	if err != nil {
		return index.Place{}, err
	}
	if err := s.index.Add(pack, entries); err != nil {
		return index.Place{}, err
	}
	for _, e := range entries {
		if e.ID == id {
			return index.Place{Pack: name, Offset: e.Offset, Stored: e.Stored, Raw: e.Raw, Type: e.Type, Compression: e.Compression}, nil
		}
	}
	s.misled.Store(true)
	return index.Place{}, errPlace
}

// knownPacks returns the packs in the index, as other processes left it now.
func (s *Store) knownPacks() (map[seal.Hash]bool, error) {
	var err error
	for range damageTries {
		known := make(map[seal.Hash]bool)
		if err = s.index.Refresh(); err == nil {
			for pack, e := range s.index.Packs() {
				if err = e; e == nil {
					known[pack.Name] = true
				}
			}
		}
		if !errors.Is(err, index.ErrDamaged) {
			return known, err
		}
	}
	return nil, err
}

const placeholder = "placeholder"

// A survey is what lies below packs/.
type survey struct {
	packs   map[seal.Hash]bool
	copies  map[seal.Hash]string // packs that a foreign name contains; placeholder: evicted
	strays  map[byte]bool        // first bytes of pack names beside which foreign files lie
	foreign []string
}

// survey lists packs/ without opening anything.
func (f *Folder) survey(ctx context.Context) (survey, error) {
	in := survey{packs: map[seal.Hash]bool{}, copies: map[seal.Hash]string{}, strays: map[byte]bool{}}
	dirs, err := f.List(packsDir)
	if err != nil {
		return in, err
	}
	for _, d := range dirs {
		if err := ctx.Err(); err != nil {
			return in, err
		}
		dir := path.Join(packsDir, d.Name())
		if len(d.Name()) != 2 || !isHex(d.Name()) || !d.IsDir() {
			if parseName(dir).kind != nameTemporary {
				in.foreign = append(in.foreign, dir)
			}
			continue
		}
		files, err := f.List(dir)
		if errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err != nil {
			return in, err
		}
		for _, file := range files {
			in.add(path.Join(dir, file.Name()))
		}
	}
	return in, nil
}

func (in *survey) add(name string) {
	n := parseName(name)
	switch n.kind {
	case namePack:
		in.packs[n.pack] = true
	case nameForeign:
		in.foreign = append(in.foreign, name)
		if first, err := hex.DecodeString(name[len("packs/"):len("packs/00")]); err == nil {
			in.strays[first[0]] = true
		}
		if n.pack != (seal.Hash{}) && name[:len("packs/00")] == packPath(n.pack)[:len("packs/00")] {
			in.copies[n.pack] = name
			if strings.HasSuffix(name, icloudSuffix) {
				in.copies[n.pack] = placeholder
			}
		}
	}
}

func compareHashes(a, b seal.Hash) int { return slices.Compare(a[:], b[:]) }
