package modern

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"bakfs/signal"
)

const (
	ivSize  = aes.BlockSize
	macSize = sha256.Size
	// minSealed is the least that a file sealed by Signal can have.
	minSealed = ivSize + aes.BlockSize + macSize
	readSize  = 256 << 10
)

// remoteMagic begins a backup from Signal's servers.
const remoteMagic = "SBACKUP\x01"

// gzipMagic begins the plaintext of every main.
const gzipMagic = "\x1f\x8b\x08"

// A Main is an encrypted record stream whose MAC was found good.
type Main struct {
	r    io.ReaderAt
	size int64
	keys Keys
}

// OpenMain checks the main of size bytes in r, reading all of it once. It
// returns ErrRemote, ErrTruncated, ErrWrongKey or ErrDamaged, wrapped. r must
// stay open as long as the Main is used; it is the caller's to close.
func OpenMain(ctx context.Context, r io.ReaderAt, size int64, keys Keys) (*Main, error) {
	head := make([]byte, ivSize+aes.BlockSize)
	n, err := r.ReadAt(head[:min(size, int64(len(head)))], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(head[:n], []byte(remoteMagic)) {
		return nil, ErrRemote
	}
	if err := checkSize(size); err != nil {
		return nil, err
	}
	var first [aes.BlockSize]byte
	cipher.NewCBCDecrypter(block([]byte(keys.Cipher.Reveal())), head[:ivSize]).CryptBlocks(first[:], head[ivSize:])
	if !bytes.HasPrefix(first[:], []byte(gzipMagic)) {
		return nil, ErrWrongKey
	}
	if err := checkMAC(ctx, r, size, []byte(keys.MAC.Reveal())); err != nil {
		return nil, err
	}
	return &Main{r, size, keys}, nil
}

// checkSize tells sizes that no sealed file has.
func checkSize(size int64) error {
	if size < minSealed || (size-ivSize-macSize)%aes.BlockSize != 0 {
		return fmt.Errorf("%d bytes, which no whole file has: %w", size, ErrTruncated)
	}
	return nil
}

// checkMAC checks the last 32 of size bytes against those before them.
func checkMAC(ctx context.Context, r io.ReaderAt, size int64, key []byte) error {
	mac := hmac.New(sha256.New, key)
	buf := make([]byte, readSize)
	for at := int64(0); at < size-macSize; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-macSize-at)], at)
		mac.Write(buf[:n])
		at += int64(n)
		if err != nil && (err != io.EOF || n == 0) {
			return readError(err)
		}
	}
	return endMAC(mac, r, size)
}

// endMAC compares the MAC at the end of the file.
func endMAC(mac hash.Hash, r io.ReaderAt, size int64) error {
	var want [macSize]byte
	if n, err := r.ReadAt(want[:], size-macSize); n < macSize {
		return readError(err)
	}
	if !hmac.Equal(mac.Sum(nil), want[:]) {
		return ErrDamaged
	}
	return nil
}

// readError turns an end before the announced size into ErrTruncated.
func readError(err error) error {
	if err == io.EOF || err == nil {
		return fmt.Errorf("the file became shorter: %w", ErrTruncated)
	}
	return err
}

// Records returns the records of m. The caller must Close them.
func (m *Main) Records(ctx context.Context) *Stream {
	s := newStream(ctx, m)
	s.records = signal.NewRecordReader(s.plain)
	return s
}

// OpenRemote opens a backup from Signal's servers with the keys that
// BackupKey.RemoteKeys makes of a token that only those servers can give.
func OpenRemote(ctx context.Context, r io.ReaderAt, size int64, keys Keys) (*Main, error) {
	head := make([]byte, min(size, int64(len(remoteMagic)+binary.MaxVarintLen64)))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(head, []byte(remoteMagic))
	if !ok {
		return nil, fmt.Errorf("no mark of a remote backup: %w", ErrDamaged)
	}
	const maxPrefix = 16 << 10 // the app's own limit
	n, k := binary.Uvarint(rest)
	if k <= 0 || n > maxPrefix {
		return nil, fmt.Errorf("impossible length of the token's part: %w", ErrDamaged)
	}
	start := int64(len(remoteMagic)+k) + int64(n)
	if start > size {
		return nil, fmt.Errorf("the token's part: %w", ErrTruncated)
	}
	return OpenMain(ctx, io.NewSectionReader(r, start, size-start), size-start, keys)
}
