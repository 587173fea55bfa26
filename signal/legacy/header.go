package legacy

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Limits on the header. The ones that apps write have 52 to 56 bytes.
const (
	minHeader = 20
	maxHeader = 1 << 10
)

// A Header is the first frame of a file, which is not encrypted.
type Header struct {
	Raw     []byte // the frame with its length, as it is in the file
	IV      [16]byte
	Salt    []byte // usually 32 bytes; may be missing
	Version uint32 // 0 or 1
}

// Looks reports whether a file that begins with b, 5 bytes or more, may be a
// legacy backup. ReadHeader tells for sure.
func Looks(b []byte) bool {
	if len(b) < 5 {
		return false
	}
	n := binary.BigEndian.Uint32(b)
	return n >= minHeader && n <= maxHeader && b[4] == 0x0a
}

// ReadHeader reads the header of a file. The error wraps ErrNotBackup,
// ErrVersion or ErrTruncated.
func ReadHeader(src io.ReaderAt, size int64) (Header, error) {
	var start [5]byte
	if n, err := src.ReadAt(start[:min(5, max(size, 0))], 0); n < 5 {
		if err != nil && err != io.EOF {
			return Header{}, err
		}
		return Header{}, fmt.Errorf("%w: %d bytes long", ErrNotBackup, n)
	}
	if !Looks(start[:]) {
		return Header{}, ErrNotBackup
	}
	raw := make([]byte, 4+binary.BigEndian.Uint32(start[:4]))
	if int64(len(raw)) > size {
		return Header{}, truncated(0)
	}
	if n, err := src.ReadAt(raw, 0); n < len(raw) {
		if err == nil || err == io.EOF {
			err = truncated(0)
		}
		return Header{}, err
	}
	return ParseHeader(raw)
}

// ParseHeader reads the header from its bytes, Header.Raw of another reader.
func ParseHeader(raw []byte) (Header, error) {
	if !Looks(raw) || int64(binary.BigEndian.Uint32(raw)) != int64(len(raw)-4) {
		return Header{}, ErrNotBackup
	}
	kind, m := classify(raw[4:])
	iv := m.bytes(1)
	if kind != KindHeader || len(iv) != 16 {
		return Header{}, fmt.Errorf("%w: no header", ErrNotBackup)
	}
	h := Header{Raw: append([]byte(nil), raw...), IV: [16]byte(iv), Salt: append([]byte(nil), m.bytes(2)...)}
	version := m.number(3)
	if version > 1 {
		return Header{}, fmt.Errorf("legacy file version %d: %w", version, ErrVersion)
	}
	h.Version = uint32(version)
	return h, nil
}

// counter is the number of the first part behind the header.
func (h *Header) counter() uint32 { return binary.BigEndian.Uint32(h.IV[:4]) }
