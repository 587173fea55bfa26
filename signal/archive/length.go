package archive

import (
	"encoding/binary"
	"io"
	"math"
	"time"
)

// maxLength bounds what a file may say of how long it is. What is longer is taken for
// not known.
const maxLength = 1000 * time.Hour

// A meter finds out how long a file of sound or film is while its bytes pass by. It
// keeps a few hundred of them, and believes what containers say: sizes of frames and
// boxes only tell it what to skip.
type meter struct {
	next func(b []byte) // gets the bytes that are wanted next, which last until more pass; nil: none are
	want int
	skip uint64 // what is passed over before them
	buf  []byte
	told func() time.Duration // of what passed by so far; nil: nothing is known
}

// newMeter returns a meter for a file of a type, as sniff tells it; nil for one whose
// length it does not know to tell.
func newMeter(mime string) *meter {
	m := &meter{}
	switch mime {
	case "audio/aac":
		m.frames(7, adtsFrame)
	case "audio/mpeg":
		m.mpeg()
	case "audio/ogg", "application/ogg":
		m.ogg()
	case "audio/wave":
		m.riff()
	case "audio/mp4", "video/mp4", "video/quicktime", "video/3gpp":
		m.boxes()
	default:
		return nil
	}
	return m
}

// after asks for n bytes behind some that are passed over.
func (m *meter) after(skip uint64, n int, next func(b []byte)) {
	m.skip, m.want, m.next = skip, n, next
}

// pass takes the next bytes of the file.
func (m *meter) pass(p []byte) {
	for m.next != nil && len(p) > 0 {
		if m.skip > 0 {
			n := min(m.skip, uint64(len(p)))
			m.skip, p = m.skip-n, p[n:]
			continue
		}
		n := min(m.want-len(m.buf), len(p))
		m.buf, p = append(m.buf, p[:n]...), p[n:]
		if len(m.buf) == m.want {
			next, b := m.next, m.buf
			m.next, m.buf = nil, b[:0]
			next(b)
		}
	}
}

// length returns how long what passed by is; 0 if that is not known.
func (m *meter) length() time.Duration {
	if m == nil || m.told == nil {
		return 0
	}
	if d := m.told(); d > 0 && d <= maxLength {
		return d.Truncate(time.Millisecond)
	}
	return 0
}

// lasts returns how long n pieces are of which so many make a second.
func lasts(n, rate uint64) time.Duration {
	if rate == 0 || n/rate > uint64(maxLength/time.Second) {
		return 0
	}
	return time.Duration(n/rate)*time.Second + time.Duration(float64(n%rate)/float64(rate)*1e9)
}

// A soundFrame is what a frame's head of n bytes says: how many samples of what rate
// are in it, and how long it is with its head. ok is false if it is none.
type soundFrame func(head []byte) (samples, rate, size uint64, ok bool)

// frames counts frames that follow each other.
func (m *meter) frames(n int, of soundFrame) {
	var total, rate uint64
	m.told = func() time.Duration { return lasts(total, rate) }
	var next func(b []byte)
	next = func(b []byte) {
		samples, r, size, ok := of(b)
		if !ok || size < uint64(n) || rate != 0 && r != rate {
			return // the end, or what is no sound
		}
		total, rate = total+samples, r
		m.after(size-uint64(n), n, next)
	}
	m.after(0, n, next)
}

// adtsRates are the rates of AAC by their numbers.
var adtsRates = [...]uint64{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

func adtsFrame(b []byte) (samples, rate, size uint64, ok bool) {
	n := b[2] >> 2 & 0xf
	if b[0] != 0xff || b[1]&0xf6 != 0xf0 || int(n) >= len(adtsRates) {
		return 0, 0, 0, false
	}
	size = uint64(b[3]&3)<<11 | uint64(b[4])<<3 | uint64(b[5]>>5)
	return 1024 * (uint64(b[6]&3) + 1), adtsRates[n], size, true
}

// mpegBits are the kilobits a second of layer III, of version 1 and of 2.
var mpegBits = [2][16]uint64{
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
}

func mpegFrame(b []byte) (samples, rate, size uint64, ok bool) {
	version, bits := b[1]>>3&3, b[2]>>4
	if b[0] != 0xff || b[1]&0xe6 != 0xe2 || version == 1 || b[2]>>2&3 == 3 {
		return 0, 0, 0, false
	}
	rate = []uint64{44100, 48000, 32000}[b[2]>>2&3]
	samples, old := 1152, 0
	switch version {
	case 2:
		samples, rate, old = 576, rate/2, 1
	case 0: // 2.5
		samples, rate, old = 576, rate/4, 1
	}
	kilo := mpegBits[old][bits]
	return samples, rate, samples/8*kilo*1000/rate + uint64(b[2]>>1&1), kilo > 0
}

// mpeg passes over a tag in front.
func (m *meter) mpeg() {
	m.after(0, 10, func(b []byte) {
		if string(b[:3]) != "ID3" {
			head := [10]byte(b)
			m.frames(4, mpegFrame)
			m.pass(head[:])
			return
		}
		size := uint64(b[6]&0x7f)<<21 | uint64(b[7]&0x7f)<<14 | uint64(b[8]&0x7f)<<7 | uint64(b[9]&0x7f)
		m.frames(4, mpegFrame)
		m.skip = size
	})
}

// ogg takes the time of the last page of the first stream.
func (m *meter) ogg() {
	var serial uint32
	var rate, first, last uint64
	pages := 0
	m.told = func() time.Duration {
		if last < first {
			return 0
		}
		return lasts(last-first, rate)
	}
	var page func(b []byte)
	page = func(b []byte) {
		if string(b[:5]) != "OggS\x00" {
			return
		}
		pages++
		if at := binary.LittleEndian.Uint32(b[14:]); pages == 1 {
			serial = at
		} else if t := binary.LittleEndian.Uint64(b[6:]); at == serial && t != math.MaxUint64 {
			last = t
		}
		m.after(0, int(b[26]), func(b []byte) {
			size := uint64(0)
			for _, n := range b {
				size += uint64(n)
			}
			if pages > 1 || size < 19 {
				m.after(size, 27, page)
				return
			}
			m.after(0, 19, func(b []byte) {
				switch {
				case string(b[:8]) == "OpusHead":
					rate, first = 48000, uint64(binary.LittleEndian.Uint16(b[10:]))
				case string(b[:7]) == "\x01vorbis":
					rate = uint64(binary.LittleEndian.Uint32(b[12:]))
				default:
					return
				}
				m.after(size-19, 27, page)
			})
		})
	}
	m.after(0, 27, page)
}

// riff takes the size of the samples.
func (m *meter) riff() {
	var perSecond uint64
	var chunk func(b []byte)
	chunk = func(b []byte) {
		size := uint64(binary.LittleEndian.Uint32(b[4:]))
		switch string(b[:4]) {
		case "fmt ":
			if size < 16 {
				return
			}
			m.after(0, 16, func(b []byte) {
				perSecond = uint64(binary.LittleEndian.Uint32(b[8:]))
				m.after(size-16+size&1, 8, chunk)
			})
		case "data":
			if size < math.MaxUint32 { // else it was not known when the head was written
				m.told = func() time.Duration { return lasts(size, perSecond) }
			}
		default:
			m.after(size+size&1, 8, chunk)
		}
	}
	m.after(12, 8, chunk)
}

// boxes takes the time that the head of an ISO file tells, wherever it stands.
func (m *meter) boxes() {
	var box func(b []byte)
	box = func(b []byte) {
		size, kind := uint64(binary.BigEndian.Uint32(b)), string(b[4:8])
		switch {
		case kind == "moov": // what is in it comes next
			head := uint64(0)
			if size == 1 {
				head = 8
			}
			m.after(head, 8, box)
		case kind == "mvhd" && size >= 8+32:
			m.after(0, 32, func(b []byte) { m.told = movieLength(b) })
		case size == 1:
			m.after(0, 8, func(b []byte) {
				if size := binary.BigEndian.Uint64(b); size >= 16 {
					m.after(size-16, 8, box)
				}
			})
		case size >= 8:
			m.after(size-8, 8, box)
		}
	}
	m.after(0, 8, box)
}

// movieLength reads the head of a film.
func movieLength(b []byte) func() time.Duration {
	rate, n := uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	if b[0] == 1 {
		rate, n = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
	}
	if n == math.MaxUint64 || b[0] != 1 && n == math.MaxUint32 {
		n = 0 // not known
	}
	return func() time.Duration { return lasts(n, rate) }
}

// A measuredReader tells, when all was read, how long the sound or film was that it
// gave: see Tree.Write.
type measuredReader struct {
	io.Reader
	meter *meter
}

func (r *measuredReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.meter.pass(p[:n])
	return n, err
}

// Length returns how long it was; 0 if that is not known.
func (r *measuredReader) Length() time.Duration { return r.meter.length() }

// measured returns r, which tells the length of a file of that type if it can.
func measured(r io.Reader, mime string) io.Reader {
	if m := newMeter(mime); m != nil {
		return &measuredReader{r, m}
	}
	return r
}
