package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// A shelf is a folder files/ of media that is given out: what the records that
// it sees point to, as far as the archive has it.
type shelf struct {
	a     *Archive
	plain bool                            // as in an export: not sealed, each with an extension
	exact bool                            // extensions are as senders wrote them, else in lower case
	fill  func(ctx context.Context) error // returns when the shelf has seen all records
	old   retiredFiles                    // those whose hash the records do not tell

	scanning chan struct{} // holds one element while somebody scans
	scanned  atomic.Bool

	mu    sync.Mutex
	seen  map[[32]byte]*exhibit // by name
	ready []*exhibit            // those that are there, sorted by name; nil: not known yet
	order []*exhibit            // the same in the order in which they were seen
}

// An exhibit is a file of media.
type exhibit struct {
	name [32]byte
	hash [32]byte
	key  signal.Secret
	exts []string // plain
	turn int      // of when it was seen
	size int64    // of the plaintext, once it is ready

	readers readers
	sealed  *modern.SealedMedia // nil while nobody reads
}

// maxExtensions is how many names a file may have in an export: as many as
// different types that messages claim for it.
const maxExtensions = 16

// keyMark is in each record that has the key of a media file: the number of
// the field localKey and its length, which apps write in the shortest form.
var keyMark = []byte{9<<3 | 2, 64}

// scan looks at all records, once. That takes a quarter of the time of making a main of
// them, which somebody who lists the files need not wait for.
func (s *shelf) scan(ctx context.Context) error {
	if s.scanned.Load() {
		return nil
	}
	select {
	case s.scanning <- struct{}{}:
		defer func() { <-s.scanning }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.scanned.Load() {
		return nil
	}
	records, err := s.a.Records(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	for {
		rec, err := records.Next()
		if err == io.EOF {
			s.scanned.Store(true)
			return nil
		}
		if err != nil {
			return err
		}
		s.record(rec)
	}
}

// record looks at one record.
func (s *shelf) record(rec []byte) {
	if !bytes.Contains(rec, keyMark) && (len(s.old) == 0 || !bytes.Contains(rec, retiredMark)) {
		return
	}
	f := new(signal.Frame)
	if signal.Unmarshal(rec, f) == nil {
		s.look(f)
	}
}

// look looks at what a message points to. It may see a message more than once.
func (s *shelf) look(m signal.Message) {
	signal.Files(m, func(p *signal.FilePointer) {
		name, ok := s.old.locate(p), true
		if name == "" || s.plain {
			name, ok = modern.MediaName(p.Locator)
		}
		if !ok {
			return
		}
		ext := ""
		if s.plain {
			file, _ := modern.ExportMediaPath(p)
			if ext = path.Ext(file); !s.exact {
				ext = strings.ToLower(ext) // else one file could be there in two spellings
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.add(name, ext, p.Locator)
	})
}

func (s *shelf) add(name, ext string, l *signal.Locator) {
	var key [32]byte
	if _, err := hex.Decode(key[:], []byte(name)); err != nil || s.ready != nil {
		return
	}
	x := s.seen[key]
	if x == nil {
		x = &exhibit{name: key, hash: [32]byte([]byte(l.PlaintextHash.V)), turn: len(s.seen)}
		if !s.plain {
			x.key = l.LocalKey.V
		}
		if s.seen == nil {
			s.seen = make(map[[32]byte]*exhibit)
		}
		s.seen[key] = x
	}
	if s.plain && len(x.exts) < maxExtensions && !slices.Contains(x.exts, ext) {
		x.exts = append(x.exts, ext)
	}
}

// complete makes ready what the archive has.
func (s *shelf) complete(ctx context.Context) ([]*exhibit, error) {
	if err := s.fill(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil {
		return s.ready, nil
	}
	sizes, err := s.a.mediaSizes(ctx)
	if err != nil {
		return nil, err
	}
	ready := make([]*exhibit, 0, len(s.seen))
	for _, x := range s.seen {
		size, ok := sizes[x.hash]
		if x.size = size; ok {
			ready = append(ready, x)
		}
		slices.Sort(x.exts)
	}
	s.order = slices.Clone(ready)
	slices.SortFunc(s.order, func(a, b *exhibit) int { return cmp.Compare(a.turn, b.turn) })
	slices.SortFunc(ready, func(a, b *exhibit) int { return bytes.Compare(a.name[:], b.name[:]) })
	s.ready, s.seen = ready, nil
	return ready, nil
}

// mediaSizes returns the lengths of all media by their hashes.
func (a *Archive) mediaSizes(ctx context.Context) (map[[32]byte]int64, error) {
	dirs, err := a.list(ctx, mediaName)
	if err != nil {
		return nil, err
	}
	sizes := make(map[[32]byte]int64)
	for _, d := range dirs {
		files, err := a.list(ctx, path.Join(mediaName, d.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil {
				return nil, err
			}
			if isHash(f.Name()) && info.Mode().IsRegular() {
				b, _ := hex.DecodeString(f.Name())
				sizes[[32]byte(b)] = info.Size()
			}
		}
	}
	return sizes, nil
}

// count returns how many files there are.
func (s *shelf) count(ctx context.Context) (int, error) {
	list, err := s.complete(ctx)
	return len(list), err
}

// manifest returns the list of names that a snapshot has.
func (s *shelf) manifest(ctx context.Context) (content, error) {
	if _, err := s.complete(ctx); err != nil {
		return nil, err
	}
	var b []byte
	for _, x := range s.order {
		b = modern.AppendFilesRecord(b, hex.EncodeToString(x.name[:]))
	}
	return memory(b), nil
}

// folder makes n the folder of the media: one directory for each first byte of
// their names.
func (s *shelf) folder(n *node) {
	n.list = func(ctx context.Context) ([]*node, error) {
		list, err := s.complete(ctx)
		var nodes []*node
		last := -1
		for _, x := range list {
			if int(x.name[0]) != last {
				last = int(x.name[0])
				nodes = append(nodes, s.drawer(n, x.name[0]))
			}
		}
		return nodes, err
	}
	n.find = func(ctx context.Context, name string) (*node, error) {
		b, err := hex.DecodeString(name)
		if err != nil || len(b) != 1 || hex.EncodeToString(b) != name {
			return nil, nil
		}
		list, err := s.complete(ctx)
		if len(of(list, b[0])) == 0 {
			return nil, err
		}
		return s.drawer(n, b[0]), nil
	}
}

// of returns those of a list whose names begin with a byte.
func of(list []*exhibit, first byte) []*exhibit {
	find := func(first int) int {
		i, _ := slices.BinarySearchFunc(list, first, func(x *exhibit, first int) int { return cmp.Compare(int(x.name[0]), first) })
		return i
	}
	return list[find(int(first)):find(int(first)+1)]
}

// drawer returns the directory of the media whose names begin with a byte.
func (s *shelf) drawer(files *node, first byte) *node {
	n := files.below(hex.EncodeToString([]byte{first}))
	n.list = func(ctx context.Context) ([]*node, error) {
		list, err := s.complete(ctx)
		var nodes []*node
		for _, x := range of(list, first) {
			nodes = append(nodes, s.nodes(n, x)...)
		}
		return nodes, err
	}
	n.find = func(ctx context.Context, name string) (*node, error) {
		var key [32]byte
		if len(name) < 64 {
			return nil, nil
		}
		if _, err := hex.Decode(key[:], []byte(name[:64])); err != nil {
			return nil, nil
		}
		list, err := s.complete(ctx)
		i, ok := slices.BinarySearchFunc(list, key, func(x *exhibit, key [32]byte) int { return bytes.Compare(x.name[:], key[:]) })
		if !ok || key[0] != first {
			return nil, err
		}
		for _, c := range s.nodes(n, list[i]) {
			if c.name() == name {
				return c, nil
			}
		}
		return nil, nil
	}
	return n
}

// nodes returns the file x, in an export once for each of its extensions.
func (s *shelf) nodes(dir *node, x *exhibit) []*node {
	name := hex.EncodeToString(x.name[:])
	if !s.plain {
		n := dir.below(name)
		n.size = func(context.Context) (int64, error) { return modern.MediaSize(x.size), nil }
		n.open = func(ctx context.Context) (content, error) { return s.openSealed(ctx, x) }
		return []*node{n}
	}
	nodes := make([]*node, len(x.exts))
	for i, ext := range x.exts {
		n := dir.below(name + ext)
		n.size = func(context.Context) (int64, error) { return x.size, nil }
		n.open = func(ctx context.Context) (content, error) { return s.a.File(ctx, hex.EncodeToString(x.hash[:])) }
		nodes[i] = n
	}
	return nodes
}

// openSealed opens x as Signal has it.
func (s *shelf) openSealed(ctx context.Context, x *exhibit) (content, error) {
	f, err := s.a.File(ctx, hex.EncodeToString(x.hash[:]))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.sealed == nil {
		l := &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(x.hash[:])), LocalKey: signal.Some(x.key)}
		if x.sealed, err = modern.NewSealedMedia(l, x.size); err != nil {
			f.Close()
			return nil, err
		}
		x.readers.last = func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			x.sealed = nil
		}
	}
	x.readers.add()
	return &mediaHandle{x.sealed, f, &x.readers}, nil
}

// A mediaHandle is an open file of sealed media.
type mediaHandle struct {
	sealed  *modern.SealedMedia
	file    *File
	readers *readers
}

func (h *mediaHandle) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	return h.sealed.ReadAt(ctx, h.file, p, off)
}

func (h *mediaHandle) Close() error {
	h.readers.drop()
	return h.file.Close()
}

// readers counts who has a file open.
type readers struct {
	mu   sync.Mutex
	n    int
	last func() // called when nobody has it open any more
}

func (r *readers) add() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
}

func (r *readers) drop() {
	r.mu.Lock()
	r.n--
	last := r.n == 0
	r.mu.Unlock()
	if last {
		r.last()
	}
}
