package modern

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	iofs "io/fs"
	"path"

	"bakfs/signal"
)

// ErrNoMedia says that a file was never in the backup: the phone did not have
// it any more, or had not fetched it.
var ErrNoMedia = errors.New("the file was not on the phone when the backup was made")

// MediaName returns the name that the file of l has in the store of media.
// ok is false if the file is not in any store.
func MediaName(l *signal.Locator) (name string, ok bool) {
	if l == nil || len(l.PlaintextHash.V) != sha256.Size || len(l.LocalKey.V.Reveal()) != 64 {
		return "", false
	}
	sum := sha256.Sum256([]byte(string(l.PlaintextHash.V) + l.LocalKey.V.Reveal()))
	return hex.EncodeToString(sum[:]), true
}

// RetiredMedia returns the name that the file of p has in the store of media by
// the field that apps wrote before August 2025, and where it is but for the hash
// of the plaintext, which that field does not tell. ok is false if p has no such
// field, or tells the hash in today's.
func RetiredMedia(p *signal.FilePointer) (name string, l *signal.Locator, ok bool) {
	if p.Locator != nil && len(p.Locator.PlaintextHash.V) == sha256.Size {
		return "", nil, false
	}
	if l, name = p.Retired(); l == nil || !isMediaName(name) || len(l.LocalKey.V.Reveal()) != 64 {
		return "", nil, false
	}
	return name, l, true
}

// mediaPath returns where in a folder backup a file of that name is.
func mediaPath(name string) string { return path.Join(FilesName, name[:2], name) }

// Media opens the file that l names, after checking the MAC of all of it. The
// bytes are checked again, against their hash, while they are read: an error
// instead of io.EOF says that they are not the file. The error wraps
// ErrNoMedia, fs.ErrNotExist (with the name in the store), ErrTruncated or
// ErrDamaged.
func (f *Folder) Media(ctx context.Context, l *signal.Locator) (io.ReadCloser, error) {
	name, ok := MediaName(l)
	if !ok {
		return nil, ErrNoMedia
	}
	return f.media(ctx, name, l)
}

// RetiredMedia is Media for what the function RetiredMedia returned. There is no
// hash against which the bytes can be checked while they are read.
func (f *Folder) RetiredMedia(ctx context.Context, name string, l *signal.Locator) (io.ReadCloser, error) {
	if !isMediaName(name) || len(l.LocalKey.V.Reveal()) != 64 {
		return nil, ErrNoMedia
	}
	return f.media(ctx, name, l)
}

// media opens the file of that name.
func (f *Folder) media(ctx context.Context, name string, l *signal.Locator) (io.ReadCloser, error) {
	r, size, err := openAt(f.fsys, mediaPath(name))
	var m io.Reader
	if err == nil {
		if m, err = openSealed(ctx, r, size, l); err != nil {
			r.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("media file %s: %w", name, err)
	}
	return &mediaFile{m, r}, nil
}

type mediaFile struct {
	io.Reader
	io.Closer
}

// OpenMedia is Media for a media file of size bytes in r.
func OpenMedia(ctx context.Context, r io.ReaderAt, size int64, l *signal.Locator) (io.Reader, error) {
	if _, ok := MediaName(l); !ok {
		return nil, ErrNoMedia
	}
	return openSealed(ctx, r, size, l)
}

// openSealed opens a media file whose key l has. Its hash is not checked if l has
// none.
func openSealed(ctx context.Context, r io.ReaderAt, size int64, l *signal.Locator) (io.Reader, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	key := l.LocalKey.V.Reveal() // the cipher key comes first here, unlike in main
	if err := checkMAC(ctx, r, size, []byte(key[32:])); err != nil {
		return nil, err
	}
	if int64(l.Size) > size-minSealed+15 {
		return nil, fmt.Errorf("shorter than its message says: %w", ErrTruncated)
	}
	iv := make([]byte, ivSize)
	if n, err := r.ReadAt(iv, 0); n < ivSize {
		return nil, readError(err)
	}
	return &media{
		r: r, at: ivSize, end: size - macSize, left: int64(l.Size), want: string(l.PlaintextHash.V), sum: sha256.New(),
		cbc: cipher.NewCBCDecrypter(block([]byte(key[:32])), iv),
	}, nil
}

// media decrypts a media file whose MAC was good.
type media struct {
	r       io.ReaderAt
	at, end int64  // of the ciphertext
	left    int64  // of the plaintext, without the zeros behind it
	want    string // "" if the hash is not known
	sum     hash.Hash
	cbc     cipher.BlockMode
	buf     []byte
	cur     []byte
}

func (m *media) Read(p []byte) (int, error) {
	if m.left == 0 {
		if m.want != "" && string(m.sum.Sum(nil)) != m.want {
			return 0, fmt.Errorf("not the file that the message had: %w", ErrDamaged)
		}
		return 0, io.EOF
	}
	if len(m.cur) == 0 {
		if m.buf == nil {
			m.buf = make([]byte, min(readSize, m.end-m.at))
		}
		buf := m.buf[:min(int64(len(m.buf)), m.end-m.at)]
		if n, err := m.r.ReadAt(buf, m.at); n < len(buf) || n == 0 {
			return 0, readError(err)
		}
		m.at += int64(len(buf))
		m.cbc.CryptBlocks(buf, buf)
		m.cur = buf[:min(int64(len(buf)), m.left)]
		m.sum.Write(m.cur)
	}
	n := copy(p, m.cur)
	m.cur = m.cur[n:]
	m.left -= int64(n)
	return n, nil
}

// A MediaFile is one file that a backup's messages point to.
type MediaFile struct {
	Name    string // in the store
	Locator *signal.Locator
	Missing bool // not in the store: deleted, or not copied yet
}

// A MediaIndex collects the files that the messages of a backup point to.
type MediaIndex struct {
	Files []MediaFile // each once, in the order of first occurrence
	Never int         // pointers to files that are in no store; see ErrNoMedia
	seen  map[string]bool
}

// Look adds the files of one message.
func (x *MediaIndex) Look(m signal.Message) {
	if x.seen == nil {
		x.seen = make(map[string]bool)
	}
	signal.Files(m, func(p *signal.FilePointer) {
		name, ok := MediaName(p.Locator)
		switch {
		case !ok:
			x.Never++
		case !x.seen[name]:
			x.seen[name] = true
			x.Files = append(x.Files, MediaFile{Name: name, Locator: p.Locator})
		}
	})
}

// Check marks the files that are not in the folder's store, and returns how
// many those are.
func (x *MediaIndex) Check(f *Folder) (missing int) {
	for i := range x.Files {
		info, err := iofs.Stat(f.fsys, mediaPath(x.Files[i].Name))
		if x.Files[i].Missing = err != nil || !info.Mode().IsRegular(); x.Files[i].Missing {
			missing++
		}
	}
	return missing
}
