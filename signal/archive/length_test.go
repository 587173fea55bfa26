package archive

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"
)

// box is a box of an ISO file.
func box(kind string, content ...[]byte) []byte {
	in := slices.Concat(content...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(in))), []byte(kind), in)
}

func movieHead(version byte, rate, n uint64) []byte {
	b := make([]byte, 100)
	b[0] = version
	if version == 1 {
		binary.BigEndian.PutUint32(b[20:], uint32(rate))
		binary.BigEndian.PutUint64(b[24:], n)
	} else {
		binary.BigEndian.PutUint32(b[12:], uint32(rate))
		binary.BigEndian.PutUint32(b[16:], uint32(n))
	}
	return box("mvhd", b)
}

func adts(frames, size int) (b []byte) {
	for range frames {
		head := []byte{0xff, 0xf1, 4 << 2, byte(size >> 11), byte(size >> 3), byte(size<<5) | 0x1f, 0xfc}
		b = append(append(b, head...), make([]byte, size-7)...)
	}
	return b
}

func oggPage(serial uint32, granule uint64, content []byte) []byte {
	b := append([]byte("OggS\x00\x00"), binary.LittleEndian.AppendUint64(nil, granule)...)
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = append(b, make([]byte, 8)...)
	b = append(b, byte(len(content)/255+1))
	for n := len(content); n >= 0; n -= 255 {
		b = append(b, byte(min(n, 255)))
	}
	return append(b, content...)
}

func opus(skip uint16) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte("OpusHead\x01\x01"), skip), make([]byte, 7)...)
}

func wave(rate, size uint32) []byte {
	b := append([]byte("RIFF....WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00\x01\x00\x01\x00"), binary.LittleEndian.AppendUint32(nil, rate)...)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	return append(binary.LittleEndian.AppendUint32(b, size), make([]byte, 100)...)
}

// mp3 is a tag and frames of 128 kbit/s and 44,100 Hz.
func mp3(tag, frames int) (b []byte) {
	if tag > 0 {
		b = append([]byte{'I', 'D', '3', 4, 0, 0, 0, 0, byte(tag >> 7), byte(tag & 0x7f)}, make([]byte, tag)...)
	}
	for range frames {
		b = append(append(b, 0xff, 0xfb, 9<<4, 0), make([]byte, 417-4)...)
	}
	return append(b, "TAG of old"...)
}

func TestLengths(t *testing.T) {
	isom := box("ftyp", []byte("M4A \x00\x00\x00\x00isom"))
	large := slices.Concat([]byte{0, 0, 0, 1}, []byte("mdat"), binary.BigEndian.AppendUint64(nil, 16+70_000), make([]byte, 70_000))
	for name, c := range map[string]struct {
		file []byte
		want time.Duration
	}{
		"voice of Android":           {adts(430, 371), 9984 * time.Millisecond},
		"one frame":                  {adts(1, 100), 23 * time.Millisecond},
		"cut":                        {adts(430, 371)[:371*100+50], 2345 * time.Millisecond},
		"voice of iOS":               {slices.Concat(isom, box("moov", movieHead(0, 44100, 44100*42+22050))), 42500 * time.Millisecond},
		"head at the end":            {slices.Concat(isom, box("mdat", make([]byte, 100_000)), large, box("moov", movieHead(1, 600, 600*7))), 7 * time.Second},
		"head behind others":         {slices.Concat(isom, box("moov", box("udta", make([]byte, 30)), movieHead(0, 1000, 90_000))), 90 * time.Second},
		"head that does not say":     {slices.Concat(isom, box("moov", movieHead(0, 1000, 1<<32-1))), 0},
		"no rate":                    {slices.Concat(isom, box("moov", movieHead(0, 0, 77))), 0},
		"longer than anything":       {slices.Concat(isom, box("moov", movieHead(1, 1, 1<<63))), 0},
		"box without end":            {slices.Concat(isom, []byte("\x00\x00\x00\x00mdat"), box("moov", movieHead(0, 1000, 1000))), 0},
		"voice of Desktop":           {mp3(300, 1000), 26122 * time.Millisecond},
		"without a tag":              {mp3(0, 100), 2612 * time.Millisecond},
		"opus":                       {slices.Concat(oggPage(7, 0, opus(312)), oggPage(7, 0, make([]byte, 600)), oggPage(8, 99_000_000, nil), oggPage(7, 48_312, make([]byte, 1000)), oggPage(7, 1<<64-1, nil)), time.Second},
		"vorbis":                     {slices.Concat(oggPage(7, 0, append([]byte("\x01vorbis\x00\x00\x00\x00\x01\x40\x1f\x00\x00"), make([]byte, 14)...)), oggPage(7, 4000, nil)), 500 * time.Millisecond},
		"ogg of something else":      {slices.Concat(oggPage(7, 0, make([]byte, 64)), oggPage(7, 4000, nil)), 0},
		"wave":                       {wave(8000, 16000*3), 3 * time.Second},
		"wave that was not finished": {wave(8000, 1<<32-1), 0},
		"picture":                    {append([]byte("\xff\xd8\xff\xe0"), make([]byte, 2000)...), 0},
		"nothing":                    {nil, 0},
	} {
		mime := sniff(c.file[:min(len(c.file), sniffSize)])
		if name == "ogg of something else" {
			mime = "application/ogg"
		}
		for _, r := range []io.Reader{bytes.NewReader(c.file), iotest.OneByteReader(bytes.NewReader(c.file)), iotest.HalfReader(bytes.NewReader(c.file))} {
			m := measured(r, mime)
			if b, err := io.ReadAll(m); err != nil || !bytes.Equal(b, c.file) {
				t.Fatalf("%s: %v", name, err)
			}
			got := time.Duration(0)
			if l, ok := m.(interface{ Length() time.Duration }); ok {
				got = l.Length()
			}
			if got != c.want {
				t.Errorf("%s (%s): %v, want %v", name, mime, got, c.want)
			}
		}
	}
}

// Whatever a file says, finding out takes no more than a few hundred bytes, and the same
// comes out however its bytes come.
func FuzzLength(f *testing.F) {
	isom := box("ftyp", []byte("M4A \x00\x00\x00\x00isom"))
	for i, b := range [][]byte{adts(3, 20), mp3(3, 2), slices.Concat(oggPage(7, 0, opus(312)), oggPage(7, 48_312, nil)), wave(8000, 100), slices.Concat(isom, box("moov", movieHead(1, 600, 600)))} {
		f.Add(byte(i), b, 3)
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte, cut int) {
		mime := []string{"audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/mp4"}[kind%5]
		whole, parts := newMeter(mime), newMeter(mime)
		whole.pass(b)
		if cut < 0 || cut > len(b) {
			cut = len(b) / 2
		}
		parts.pass(b[:cut])
		for _, c := range b[cut:] {
			parts.pass([]byte{c})
		}
		if d := whole.length(); d < 0 || d > maxLength || d != parts.length() || cap(whole.buf) > 1024 {
			t.Fatalf("%v and %v, %d bytes", d, parts.length(), cap(whole.buf))
		}
	})
}
