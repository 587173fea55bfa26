package legacy

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// places returns where each part of a file begins: header, frames and blobs.
func places(t *testing.T, b []byte) (starts []int64, blob []bool) {
	t.Helper()
	r := openBytes(t, b, testKeys())
	for {
		f, err := r.Next()
		if err == io.EOF {
			return starts, blob
		}
		if err != nil {
			t.Fatal(err)
		}
		starts, blob = append(starts, f.At.Offset), append(blob, false)
		if f.Blob != nil {
			starts, blob = append(starts, f.Blob.Offset), append(blob, true)
		}
	}
}

func TestCutAtEveryLength(t *testing.T) {
	for version := range uint32(2) {
		whole := smallFile()
		b := encode(t, testHeader(t, version), testKeys(), whole)
		starts, blob := places(t, b)
		for n := range b {
			r, err := OpenKeys(bytes.NewReader(b[:n]), int64(n), testKeys())
			if err != nil {
				if !errors.Is(err, ErrTruncated) && !(n < 5 && errors.Is(err, ErrNotBackup)) {
					t.Fatalf("cut at %d: %v", n, err)
				}
				continue
			}
			list, err := take(r)
			if !errors.Is(err, ErrTruncated) {
				t.Fatalf("version %d cut at %d: %v", version, n, err)
			}
			frames := 0
			for i, s := range starts {
				end := int64(len(b))
				if i+1 < len(starts) {
					end = starts[i+1]
				}
				if s < end && end <= int64(n) && !blob[i] {
					frames++
				}
			}
			if len(list) < frames || len(list) > len(whole) {
				t.Fatalf("cut at %d: %d frames of %d whole ones", n, len(list), frames)
			}
			for i := range list {
				if !bytes.Equal(list[i].frame, whole[i].frame) {
					t.Fatalf("cut at %d: frame %d differs", n, i)
				}
			}
			if _, again := r.Next(); !errors.Is(again, ErrTruncated) {
				t.Fatalf("cut at %d: then %v", n, again)
			}
		}
	}
}

// survivors reads a file through all damage and returns what it could read.
func survivors(t *testing.T, r *Reader) (frames [][]byte, damage []error) {
	t.Helper()
	for range 10000 {
		f, err := r.Next()
		if err == io.EOF {
			return frames, damage
		}
		if err != nil {
			damage = append(damage, err)
			var d *DamageError
			if errors.As(err, &d) && !d.Lost {
				continue
			}
			return frames, damage
		}
		frames = append(frames, bytes.Clone(f.Data))
		if f.Blob != nil {
			if in, _, err := f.Blob.Open(); err != nil {
				damage = append(damage, err)
			} else if _, err := io.Copy(io.Discard, in); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("the reader does not end")
	return nil, nil
}

// Every byte changed, all that can be is still read, and the damage is named
// with its place.
func TestEveryByteFlipped(t *testing.T) {
	whole := smallFile()
	for version := range uint32(2) {
		good := encode(t, testHeader(t, version), testKeys(), whole)
		starts, blob := places(t, good)
		for i := range good {
			for _, bit := range []byte{1, 0x80} {
				b := bytes.Clone(good)
				b[i] ^= bit
				r, err := OpenKeys(bytes.NewReader(b), int64(len(b)), testKeys())
				if int64(i) < starts[0] {
					checkHeaderFlip(t, i, r, err)
					continue
				}
				part := 0
				for part+1 < len(starts) && starts[part+1] <= int64(i) {
					part++
				}
				if err != nil {
					if part > 0 || !errors.Is(err, ErrKey) && !errors.Is(err, ErrTruncated) {
						t.Fatalf("version %d byte %d: open: %v", version, i, err)
					}
					continue
				}
				frames, damage := survivors(t, r)
				if len(damage) == 0 || !isDamage(damage[0], starts[part]) && !errors.Is(damage[0], ErrTruncated) {
					t.Fatalf("version %d byte %d, part at %d: %v", version, i, starts[part], damage)
				}
				want := len(whole)
				if !blob[part] {
					want--
				}
				// A kind of frame that is not known is not taken for one in version 0.
				foreign := version == 0 && part >= len(starts)-4
				if last := part == len(starts)-1; len(frames) < want && !last && !foreign {
					t.Fatalf("version %d byte %d: %d frames left of %d: %v", version, i, len(frames), want, damage)
				}
			}
		}
	}
}

// checkHeaderFlip checks what a change in the header does: another key, no
// header, or nothing at all where only the app's own salt is concerned.
func checkHeaderFlip(t *testing.T, i int, r *Reader, err error) {
	t.Helper()
	switch {
	case errors.Is(err, ErrNotBackup), errors.Is(err, ErrKey), errors.Is(err, ErrVersion), errors.Is(err, ErrTruncated), isDamage(err, 0):
	case err != nil:
		t.Fatalf("byte %d of the header: %v", i, err)
	default:
		// The salt is not used with stored keys, nor is a field of an unknown number.
		if _, err := take(r); err != io.EOF {
			t.Fatalf("byte %d of the header: %v", i, err)
		}
	}
}

func TestDataBehindTheEnd(t *testing.T) {
	b := append(encode(t, testHeader(t, 1), testKeys(), smallFile()), 0)
	list, err := take(openBytes(t, b, testKeys()))
	if len(list) != len(smallFile()) || !isDamage(err, int64(len(b)-1)) {
		t.Errorf("%d frames, %v", len(list), err)
	}
}

// A blob that is damaged costs itself only, however long it is, and is known
// before its first byte is handed out.
func TestDamagedLargeBlob(t *testing.T) {
	list := []entry{{frame: versionFrame(1)}, {frame: attachmentFrame(1, 0, 3*blobBuffer), blob: filled(3*blobBuffer, 1)},
		{frame: stickerFrame(1, 5), blob: filled(5, 1)}, {frame: endFrame}}
	b := encode(t, testHeader(t, 1), testKeys(), list)
	b[len(b)/2] ^= 1
	r := openBytes(t, b, testKeys())
	frames, damage := survivors(t, r)
	if len(frames) != len(list) || len(damage) != 1 {
		t.Errorf("%d frames, damage %v", len(frames), damage)
	}
}

// A damaged sector costs the frames in it only.
func TestDamagedSector(t *testing.T) {
	list := bigFile()
	for version := range uint32(2) {
		for _, seed := range []int{0, 7} {
			b := encode(t, testHeader(t, version), testKeys(), list)
			at := 30000 // among frames
			for i := range 4096 {
				b[at+i] = byte(i * seed)
			}
			frames, damage := survivors(t, openBytes(t, b, testKeys()))
			if len(damage) != 1 || len(frames) < len(list)-60 || len(frames) > len(list)-2 {
				t.Fatalf("version %d: %d frames of %d, %v", version, len(frames), len(list), damage)
			}
			var d *DamageError
			if !errors.As(damage[0], &d) || d.Lost || d.Parts < len(list)-len(frames) || d.Offset > int64(at) || d.Offset < int64(at-1000) {
				t.Errorf("version %d: %+v, %d frames lost", version, d, len(list)-len(frames))
			}
		}
	}
}

// changing is a file whose content changes after it was read once.
type changing struct {
	*bytes.Reader
	reads map[int64]int
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	if c.reads[off]++; c.reads[off] > 1 && n > 1000 {
		p[n/2] ^= 1
	}
	return n, err
}

func TestFileChangesWhileRead(t *testing.T) {
	list := []entry{{frame: versionFrame(1)}, {frame: attachmentFrame(1, 0, 3*blobBuffer), blob: filled(3*blobBuffer, 1)}, {frame: endFrame}}
	b := encode(t, testHeader(t, 1), testKeys(), list)
	src := &changing{bytes.NewReader(b), map[int64]int{}}
	r, err := OpenKeys(src, int64(len(b)), testKeys())
	if err != nil {
		t.Fatal(err)
	}
	r.Next()
	f, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := f.Blob.Open()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, blobBuffer)
	for err == nil {
		_, err = in.Read(buf)
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("the second reading ends with %v", err)
	}
}
