package archive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// ErrNoOriginal is wrapped by the error about a backup whose original cannot be
// made again.
var ErrNoOriginal = errors.New("the file that was backed up was damaged or cut short, so it cannot be made again; export it as jsonl, which has all that was in it")

// rootName is the name that the apps give to a backup folder.
const rootName = "SignalBackups"

// Gives says in words what Original gives out, with ErrNoOriginal if nothing.
func (a *Archive) Gives() (string, error) {
	switch e := a.envelope; e.Format {
	case Modern:
		return "a folder SignalBackups that the recovery key of then opens; its records are those of the original, sealed anew", nil
	case Main:
		return "the file main by itself, which the recovery key of then and the account's id open; its records are those of the original, sealed anew", nil
	case Stream:
		return "the unencrypted records as they were; Signal itself cannot open them", nil
	case Export:
		return "the plaintext export as it was; Signal itself cannot open it", nil
	default:
		if !e.Whole {
			return "", ErrNoOriginal
		}
		return "the file as it was, byte for byte; the passphrase of then opens it", nil
	}
}

// Original returns the backup as Signal wrote it, as a tree whose sizes are
// exact and whose files have ReadAt(ctx, p, off):
//
//	Modern   SignalBackups/<snapshot>/{main,metadata,files}, SignalBackups/files/…
//	Main     main
//	Stream   <name>
//	Legacy   <name>, byte for byte
//	Export   as Plaintext
//
// main is sealed anew: the key of then opens it, and its records are equal one
// by one. Making it costs memory only for places to go on from, some 4 KiB for
// each 512 KiB of records. The error wraps ErrNoOriginal.
func (a *Archive) Original(ctx context.Context) (iofs.FS, error) {
	if _, err := a.Gives(); err != nil {
		return nil, err
	}
	e := a.envelope
	root := a.tree("original")
	switch e.Format {
	case Modern, Main:
		return a.sealedTree(ctx, root)
	case Stream:
		n := a.recordNode(root, safeName(e.Name, "records.binproto"), modern.NewStreamFile(replay{a}))
		return nodeFS{ctx, root.folder(n)}, nil
	case Legacy:
		n, err := a.legacyNode(ctx, root)
		if err != nil {
			return nil, err
		}
		return nodeFS{ctx, root.folder(n)}, nil
	default:
		return a.Plaintext(ctx, modern.ExportOptions{})
	}
}

// tree begins a tree of a kind.
func (a *Archive) tree(kind string) *node {
	t := &madeTree{mtime: a.envelope.Time}
	t.id = sha256.Sum256(append([]byte(kind+"\x00"), a.state()...))
	return &node{tree: t, path: "."}
}

// state tells one stored backup from others: equal states have equal records.
func (a *Archive) state() []byte {
	e := a.envelope
	b := append([]byte{byte(e.Format)}, e.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Report.Records))
	return binary.BigEndian.AppendUint64(b, uint64(e.Report.Damaged))
}

// below returns a node called name in the directory n.
func (n *node) below(name string) *node { return &node{tree: n.tree, path: path.Join(n.path, name)} }

// sealedTree returns what a recovery key opens.
func (a *Archive) sealedTree(ctx context.Context, root *node) (iofs.FS, error) {
	e := a.envelope
	keys, err := modern.ParseKeys([]byte(e.Keys.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", envelopeName, ErrArchive, err)
	}
	old, err := a.retired(ctx)
	if err != nil {
		return nil, err
	}
	shelf := &shelf{a: a, old: old, scanning: make(chan struct{}, 1)}
	main := modern.NewMainFile(replay{a}, keys, mainIV(keys, a.state()))
	if e.Format == Main {
		return nodeFS{ctx, root.folder(a.recordNode(root, "main", main))}, nil
	}
	shelf.fill = shelf.scan
	top := root.below(rootName)
	snapshot := top.below(snapshotName(e.Name, e.Time))
	list := snapshot.below("files")
	list.size = func(ctx context.Context) (int64, error) {
		n, err := shelf.count(ctx)
		return int64(n * len(modern.AppendFilesRecord(nil, strings.Repeat("0", 64)))), err
	}
	list.open = func(ctx context.Context) (content, error) { return shelf.manifest(ctx) }
	snapshot.folder(list, a.recordNode(snapshot, "main", main), snapshot.below("metadata").bytes(e.Metadata))
	media := top.below("files")
	shelf.folder(media)
	top.folder(top.below(".nomedia").bytes(nil), media, snapshot)
	return nodeFS{ctx, root.folder(top)}, nil
}

// mainIV returns the IV of a main, which differs for other records.
func mainIV(keys modern.Keys, state []byte) (iv [16]byte) {
	h := hmac.New(sha256.New, []byte(keys.MAC.Reveal()))
	h.Write(append([]byte("bakfs/v1 signal main iv\x00"), state...))
	copy(iv[:], h.Sum(nil))
	return iv
}

// snapshotName returns name if it is that of a snapshot, else one that says
// the time.
func snapshotName(name string, t time.Time) string {
	for _, layout := range []string{"signal-backup-2006-01-02-15-04-05", "signal-backups-2006-01-02-15-04-05"} {
		if at, err := time.Parse(layout, name); err == nil && at.Format(layout) == name {
			return name
		}
	}
	return t.UTC().Format("signal-backup-2006-01-02-15-04-05")
}

// safeName returns name if a file can be called so, else instead.
func safeName(name, instead string) string {
	if name == "" || name == "." || name == ".." || len(name) > 255 || !utf8.ValidString(name) || strings.ContainsAny(name, "/\x00") {
		return instead
	}
	return name
}

// recordNode returns a file of records in dir.
func (a *Archive) recordNode(dir *node, name string, f *modern.RecordFile) *node {
	n := dir.below(name)
	readers := &readers{last: f.Forget}
	n.size = f.Size
	n.open = func(context.Context) (content, error) {
		readers.add()
		return &recordHandle{f, readers}, nil
	}
	return n
}

// A recordHandle is an open file of records.
type recordHandle struct {
	*modern.RecordFile
	readers *readers
}

func (h *recordHandle) Close() error {
	h.readers.drop()
	return nil
}

// A replay gives the records of an archive from any place on.
type replay struct{ a *Archive }

// From implements modern.Replay.
func (r replay) From(ctx context.Context, place any) (modern.Replayed, error) {
	at, _ := place.(Position)
	records, err := r.a.RecordsAt(ctx, at)
	if err != nil {
		return nil, err
	}
	return replayed{records}, nil
}

type replayed struct{ *Records }

// Place implements modern.Replayed.
func (r replayed) Place() any { return r.Position() }

// legacyNode returns the legacy file in dir.
func (a *Archive) legacyNode(ctx context.Context, dir *node) (*node, error) {
	b, err := readWhole(ctx, a.fsys, legacyLayout, legacy.MaxLayout)
	if err != nil {
		return nil, err
	}
	layout, err := legacy.ParseLayout(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", legacyLayout, ErrArchive, err)
	}
	blobs, err := a.blobs(ctx, layout.Blobs())
	if err != nil {
		return nil, err
	}
	keys, err := legacy.ParseKeys([]byte(a.envelope.Keys.Reveal()))
	if err != nil || len(blobs) != layout.Blobs() {
		return nil, fmt.Errorf("%s: not that of its blobs and keys: %w", legacyLayout, ErrArchive)
	}
	e := a.envelope
	n := dir.below(safeName(e.Name, e.Time.UTC().Format("signal-2006-01-02-15-04-05.backup")))
	n.size = func(context.Context) (int64, error) { return layout.Size(), nil }
	n.open = func(ctx context.Context) (content, error) {
		frames, err := openAt(bind(ctx, a.fsys), legacyFrames)
		if err != nil {
			return nil, err
		}
		stored := &storedLegacy{a, frames, blobs}
		f, err := legacy.NewFile(layout, keys, stored)
		if err != nil {
			frames.Close()
			return nil, fmt.Errorf("%s: %w: %w", legacyLayout, ErrArchive, err)
		}
		return &legacyHandle{f, frames}, nil
	}
	return n, nil
}

// A legacyHandle is an open legacy file.
type legacyHandle struct {
	*legacy.File
	frames *atFile
}

func (h *legacyHandle) Close() error { return h.frames.Close() }

// storedLegacy is where the parts of a legacy file are.
type storedLegacy struct {
	a      *Archive
	frames *atFile
	blobs  []legacy.Media
}

// ReadFrames implements legacy.Stored.
func (s *storedLegacy) ReadFrames(ctx context.Context, p []byte, off int64) (int, error) {
	return s.frames.ReadAt(ctx, p, off)
}

// ReadBlob implements legacy.Stored.
func (s *storedLegacy) ReadBlob(ctx context.Context, blob int, p []byte, off int64) (int, error) {
	f, err := s.a.File(ctx, signal.Bytes(s.blobs[blob].Hash[:]).String())
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(ctx, p, off)
}
