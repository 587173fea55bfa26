package modern

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"bakfs/signal"
)

// A Stream hands out the records of a Main. One goroutine reads and decrypts,
// one decompresses; both have ended when Close returns.
type Stream struct {
	records *signal.RecordReader
	plain   *pipe
	stop    context.CancelFunc
	done    sync.WaitGroup
}

func newStream(ctx context.Context, m *Main) *Stream {
	ctx, stop := context.WithCancel(ctx)
	sealed := newPipe(ctx)
	s := &Stream{plain: newPipe(ctx), stop: stop}
	s.done.Go(func() { sealed.finish(m.decrypt(sealed)) })
	s.done.Go(func() { s.plain.finish(gunzip(sealed, s.plain)) })
	return s
}

// Next returns the next record, valid until the next call. The error at the
// end is io.EOF; then the whole file has been checked a second time.
func (s *Stream) Next() ([]byte, error) { return s.records.Next() }

// Offset returns where in the record stream the last record begins.
func (s *Stream) Offset() int64 { return s.records.Offset() }

// Close ends the work, whether or not all was read.
func (s *Stream) Close() error {
	s.stop()
	s.done.Wait()
	return nil
}

// decrypt writes the plaintext of the CBC layer to out, without its padding,
// and checks the MAC of what it has read. It returns io.EOF at the end.
func (m *Main) decrypt(out *pipe) error {
	mac := hmac.New(sha256.New, []byte(m.keys.MAC.Reveal()))
	iv := make([]byte, ivSize)
	if n, err := m.r.ReadAt(iv, 0); n < ivSize {
		return readError(err)
	}
	mac.Write(iv)
	cbc := cipher.NewCBCDecrypter(block([]byte(m.keys.Cipher.Reveal())), iv)
	for at, end := int64(ivSize), m.size-macSize; at < end; {
		buf := out.take()
		if buf == nil {
			return out.ctx.Err()
		}
		buf = buf[:min(int64(readSize), end-at)]
		if n, err := m.r.ReadAt(buf, at); n < len(buf) {
			return readError(err)
		}
		at += int64(len(buf))
		mac.Write(buf)
		cbc.CryptBlocks(buf, buf)
		if at == end {
			if err := endMAC(mac, m.r, m.size); err != nil {
				return fmt.Errorf("changed while it was read: %w", err)
			}
			n := padding(buf)
			if n == 0 {
				return fmt.Errorf("impossible padding: %w", ErrDamaged)
			}
			buf = buf[:len(buf)-n]
		}
		out.give(buf)
	}
	return io.EOF
}

// padding returns how many bytes of PKCS#7 padding b ends with, 0 if it does
// not. The MAC was good, so how long this takes tells nobody anything.
func padding(b []byte) int {
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) {
		return 0
	}
	for _, x := range b[len(b)-n:] {
		if int(x) != n {
			return 0
		}
	}
	return n
}

// gunzip writes the content of the one gzip member in to out, and checks that
// nothing but zeros follows it. It returns io.EOF at the end.
func gunzip(in, out *pipe) error {
	br := bufio.NewReaderSize(in, 64<<10)
	zr, err := gzip.NewReader(br)
	if err != nil {
		return gzipError(err)
	}
	zr.Multistream(false) // the zeros are no member
	for {
		buf := out.take()
		if buf == nil {
			return out.ctx.Err()
		}
		n, err := 0, error(nil)
		for n < len(buf) && err == nil {
			var k int
			k, err = zr.Read(buf[n:])
			n += k
		}
		if n > 0 {
			out.give(buf[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return gzipError(err)
		}
	}
	return onlyZeros(br)
}

// onlyZeros reads r to its end.
func onlyZeros(r *bufio.Reader) error {
	for {
		if _, err := r.Peek(1); err != nil {
			return err
		}
		b, _ := r.Peek(r.Buffered())
		for _, x := range b {
			if x != 0 {
				return fmt.Errorf("data behind the compressed records: %w", signal.ErrBadStream)
			}
		}
		r.Discard(len(b))
	}
}

// gzipError says what a failure to decompress means under a good MAC. What
// is no such failure came from the stage before and stays as it is.
func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Errorf("compressed records: %w", ErrTruncated)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("compressed records: %w: %w", signal.ErrBadStream, err)
	}
	return err
}
