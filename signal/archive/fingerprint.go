package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	iofs "io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bakfs/signal/modern"
)

// Fingerprint returns a hash of what can be seen of an item from outside: sizes,
// times and inodes of its files, and of all media that may belong to it. It opens
// no file and needs no key. As long as it is the same, storing the item again finds
// the same missing and the same damage; who asks takes it before Open.
func (s *Source) Fingerprint(ctx context.Context, item Item) (sum [32]byte, err error) {
	p := imprint{ctx: ctx, h: sha256.New()}
	p.h.Write([]byte("fingerprint\x00" + item.Name + "\x00"))
	switch s.Format {
	case Modern:
		p.file(s.path(item))
		p.file(filepath.Join(s.Path, item.Name, modern.MetadataName))
		p.folder(filepath.Join(s.Path, modern.FilesName), mediaDepth)
	case Export:
		p.file(s.path(item))
		p.file(filepath.Join(s.Path, modern.ExportMetadata))
		p.folder(filepath.Join(s.Path, modern.FilesName), mediaDepth)
	default:
		p.file(s.path(item))
	}
	return [32]byte(p.h.Sum(nil)), ctx.Err()
}

// mediaDepth is how many folders are inside each other in a store of media.
const mediaDepth = 2

// An imprint is being taken of files. What cannot be seen is part of it too.
type imprint struct {
	ctx context.Context
	h   hash.Hash
}

// file adds a file, or what a link leads to.
func (p *imprint) file(path string) {
	info, err := os.Stat(path)
	if err != nil {
		p.numbers(0)
		return
	}
	p.numbers(1, uint64(info.Mode()), uint64(info.Size()), uint64(info.ModTime().UnixNano()))
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		p.numbers(uint64(st.Dev), st.Ino, uint64(st.Ctim.Nano()))
	}
}

// folder adds the files in a folder, and in those in it.
func (p *imprint) folder(dir string, depth int) {
	if depth == 0 || p.ctx.Err() != nil {
		return
	}
	entries, err := os.ReadDir(dir) // sorted
	p.numbers(uint64(len(entries)))
	if err != nil {
		p.numbers(0)
	}
	for _, e := range entries {
		if p.ctx.Err() != nil {
			return
		}
		path := filepath.Join(dir, e.Name())
		p.h.Write([]byte(e.Name() + "\x00"))
		if isDir(path, e) {
			p.folder(path, depth-1)
		} else {
			p.file(path)
		}
	}
}

func isDir(path string, e iofs.DirEntry) bool {
	if e.Type()&iofs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (p *imprint) numbers(list ...uint64) {
	for _, n := range list {
		p.h.Write(binary.BigEndian.AppendUint64(nil, n))
	}
}
