package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"sort"
	"sync"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// Records of before August 2025 name a file by what the phone's store calls it and
// not by its hash, which is known when it was decrypted. The file retired keeps it:
// for each such file its name in the store (32 bytes) and its SHA-256, in ascending
// order of names.
const retiredMagic = "signal retired 1\n"

const (
	retiredSize = 32 + 32
	maxRetired  = 1 << 20 // in a list
)

// retiredMark is in each record that has the key of such a file: the number of its
// field and its length.
var retiredMark = []byte{2<<3 | 2, 64}

// RetiredName returns the name that the phone's store has for the file of p, where
// only that is told and not the file's hash; "" for all others.
func RetiredName(p *signal.FilePointer) string {
	name, _, _ := modern.RetiredMedia(p)
	return name
}

// RetiredSize is the size that p tells of such a file.
func RetiredSize(p *signal.FilePointer) int64 {
	if _, l, ok := modern.RetiredMedia(p); ok {
		return int64(l.Size)
	}
	return 0
}

// A retiredGallery collects such files.
type retiredGallery struct {
	seen  map[[32]byte]bool
	files []retiredFile
}

type retiredFile struct {
	name [32]byte
	l    *signal.Locator
	hash [32]byte // once it is stored
}

func (g *retiredGallery) look(p *signal.FilePointer) {
	text, l, ok := modern.RetiredMedia(p)
	var name [32]byte
	if !ok || len(g.files) == maxRetired {
		return
	}
	hex.Decode(name[:], []byte(text))
	if g.seen[name] {
		return
	}
	if g.seen == nil {
		g.seen = make(map[[32]byte]bool)
	}
	g.seen[name] = true
	g.files = append(g.files, retiredFile{name: name, l: l})
}

// storeRetired stores such files, and the list of their hashes. have are the files
// of media that the tree has already.
func (s *storer) storeRetired(have map[[32]byte]bool) error {
	files := s.media.retired.files
	lost := make([]error, len(files))
	r := &retiring{s: s, have: have}
	c := newCrew(s.ctx)
	for i := range files {
		c.do(func(ctx context.Context) (err error) {
			lost[i], err = r.store(ctx, &files[i])
			return err
		})
	}
	if err := c.wait(); err != nil {
		return err
	}
	kept := files[:0:0]
	for i, err := range lost {
		if err == nil {
			kept = append(kept, files[i])
		} else {
			s.lostMedia(files[i].name, err)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	slices.SortFunc(kept, func(a, b retiredFile) int { return bytes.Compare(a.name[:], b.name[:]) })
	list := []byte(retiredMagic)
	for _, f := range kept {
		list = append(append(list, f.name[:]...), f.hash[:]...)
	}
	return s.file(retiredName, list)
}

// A retiring stores several files at the same time.
type retiring struct {
	s    *storer
	mu   sync.Mutex
	have map[[32]byte]bool
}

// store stores one file, or says why that cannot be: lost. It is read twice, since
// its name in the tree is known at its end only.
func (r *retiring) store(ctx context.Context, f *retiredFile) (lost, err error) {
	open := func() (io.ReadCloser, error) {
		if r.s.media.openRetired == nil {
			return nil, iofs.ErrNotExist
		}
		return r.s.media.openRetired(ctx, hex.EncodeToString(f.name[:]), f.l)
	}
	in, err := open()
	if err != nil {
		return err, ctx.Err()
	}
	h := sha256.New()
	_, err = io.Copy(h, in)
	in.Close()
	if err != nil {
		return err, ctx.Err()
	}
	f.hash = [32]byte(h.Sum(nil))
	if !r.claim(f.hash) {
		return nil, nil
	}
	hash := hex.EncodeToString(f.hash[:])
	size, ok, err := r.s.tree.Reuse(ctx, mediaPath(hash))
	if err != nil {
		return nil, err
	}
	if ok {
		r.s.stored(size)
		return nil, nil
	}
	if in, err = open(); err != nil {
		return err, ctx.Err()
	}
	defer in.Close()
	again := &hashedReader{r: in, sum: sha256.New(), want: f.hash}
	watch := &watchedReader{r: again}
	if lost, err = r.s.writeMedia(ctx, hash, watch); err == nil && lost == nil {
		r.s.stored(watch.n)
	}
	return lost, err
}

// claim returns false if the tree has the file, or will have.
func (r *retiring) claim(hash [32]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.have[hash]
	r.have[hash] = true
	return first
}

// retiredFiles are the entries of the list.
type retiredFiles []byte

func parseRetired(b []byte) (retiredFiles, error) {
	bad := fmt.Errorf("%s: %w", retiredName, ErrArchive)
	rest, ok := bytes.CutPrefix(b, []byte(retiredMagic))
	if !ok || len(rest)%retiredSize != 0 || len(rest) > maxRetired*retiredSize {
		return nil, bad
	}
	for i := retiredSize; i < len(rest); i += retiredSize {
		if bytes.Compare(rest[i-retiredSize:i-retiredSize+32], rest[i:i+32]) >= 0 {
			return nil, bad
		}
	}
	return rest, nil
}

// find returns the hash of the file that the phone's store calls so.
func (r retiredFiles) find(name string) (hash [32]byte, ok bool) {
	want, err := hex.DecodeString(name)
	if err != nil || len(want) != 32 {
		return hash, false
	}
	n := len(r) / retiredSize
	at := func(i int) []byte { return r[i*retiredSize:][:retiredSize] }
	i := sort.Search(n, func(i int) bool { return bytes.Compare(at(i)[:32], want) >= 0 })
	if i == n || !bytes.Equal(at(i)[:32], want) {
		return hash, false
	}
	return [32]byte(at(i)[32:]), true
}

// locate gives p a locator with the hash of its file, if the list has it and p has
// none, and returns what the phone's store calls the file; "" for all others.
func (r retiredFiles) locate(p *signal.FilePointer) (name string) {
	if len(r) == 0 {
		return ""
	}
	name, l, ok := modern.RetiredMedia(p)
	if !ok {
		return ""
	}
	hash, ok := r.find(name)
	if !ok {
		return ""
	}
	l.PlaintextHash = signal.Some(signal.Bytes(hash[:]))
	if l.Key.Reveal() == "" {
		l.Key = l.LocalKey.V // an export has one wherever it has a hash
	}
	p.Locator = l
	return name
}

// retired returns the list, which is empty in nearly all backups.
func (a *Archive) retired(ctx context.Context) (retiredFiles, error) {
	b, err := readWhole(ctx, a.fsys, retiredName, int64(len(retiredMagic)+maxRetired*retiredSize))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseRetired(b)
}

// RetiredHash returns the name in media/ of the file with a name that RetiredName
// returned; "" if the archive does not have it.
func (a *Archive) RetiredHash(ctx context.Context, name string) (string, error) {
	list, err := a.retired(ctx)
	if err != nil {
		return "", err
	}
	hash, ok := list.find(name)
	if !ok {
		return "", nil
	}
	return hex.EncodeToString(hash[:]), nil
}
