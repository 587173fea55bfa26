package archive

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"io"
	iofs "io/fs"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// Plaintext returns the backup as a plaintext export of Signal's, as a tree
// whose sizes are exact and whose files have ReadAt(ctx, p, off): main.jsonl,
// metadata.json and files/. What was an export comes out as it was, whatever
// the options. Of other backups main.jsonl has what the records have, without
// frames and fields that this package does not know.
func (a *Archive) Plaintext(ctx context.Context, o modern.ExportOptions) (iofs.FS, error) {
	kind := "export"
	if o.Disappearing {
		kind += " disappearing"
	}
	if o.PIN {
		kind += " pin"
	}
	root := a.tree(kind)
	media := root.below("files")
	old, err := a.retired(ctx)
	if err != nil {
		return nil, err
	}
	shelf := &shelf{a: a, plain: true, exact: a.envelope.Format == Export, old: old}
	shelf.folder(media)
	main := a.recordNode(root, modern.ExportMain, a.exportFile(o, shelf))
	metadata := root.below(modern.ExportMetadata).bytes(modern.AppendExportMetadata(nil))
	if a.envelope.Format == Export {
		shelf.fill = func(ctx context.Context) error { return a.lookAll(ctx, shelf) }
		main = a.storedNode(root, modern.ExportMain, exportMain)
		if n := a.storedNode(root, modern.ExportMetadata, exportMetadata); n.exists(ctx) {
			metadata = n
		}
	}
	return nodeFS{ctx, root.folder(media, main, metadata)}, nil
}

// exportFile returns main.jsonl, which fills the shelf while its size is found.
func (a *Archive) exportFile(o modern.ExportOptions, s *shelf) *modern.RecordFile {
	f := modern.NewExportFile(replay{a}, o, func(f *signal.Frame) {
		if a.envelope.Format == Legacy {
			signal.Files(f, giveKey)
		}
		if len(s.old) > 0 {
			signal.Files(f, func(p *signal.FilePointer) { s.old.locate(p) })
		}
		s.look(f)
	})
	s.fill = func(ctx context.Context) error {
		_, err := f.Size(ctx)
		return err
	}
	return f
}

// giveKey gives a file of a legacy backup the key by which an export names it.
// The file is not sealed with it: nothing is.
func giveKey(p *signal.FilePointer) {
	l := p.Locator
	if FileHash(l) == "" {
		return
	}
	b, err := hkdf.Key(sha256.New, []byte(l.PlaintextHash.V), nil, "bakfs/v1 name of a legacy file in an export", 64)
	if err != nil {
		panic("bakfs/signal/archive: " + err.Error()) // only for a length that HKDF cannot give
	}
	l.LocalKey = signal.Some(signal.NewSecret(string(b)))
	if l.Key.Reveal() == "" {
		l.Key = l.LocalKey.V
	}
}

// lookAll shows all records to the shelf.
func (a *Archive) lookAll(ctx context.Context, s *shelf) error {
	s.mu.Lock()
	known := s.ready != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	records, err := a.Records(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	for {
		rec, err := records.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.record(rec)
	}
}

// storedNode returns a file that is given out as it is stored.
func (a *Archive) storedNode(dir *node, name, stored string) *node {
	n := dir.below(name)
	n.size = func(ctx context.Context) (int64, error) {
		info, err := iofs.Stat(bind(ctx, a.fsys), stored)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	n.open = func(ctx context.Context) (content, error) { return openAt(bind(ctx, a.fsys), stored) }
	return n
}

// exists reports whether a file is there.
func (n *node) exists(ctx context.Context) bool {
	_, err := n.size(ctx)
	return !errors.Is(err, iofs.ErrNotExist)
}
