package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"bakfs/signal"
)

// An envelopeForm is an envelope byte by byte, as AppendBinary would not write it.
type envelopeForm struct {
	magic                  string
	format, flags          byte
	size, count            int64
	name, loss             string
	keys, metadata, losses int
	tail                   string
}

func (f envelopeForm) bytes() []byte {
	text := func(b []byte, s string) []byte { return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...) }
	b := append([]byte(f.magic), f.format, f.flags)
	b = append(b, make([]byte, 32+8)...)
	b = binary.BigEndian.AppendUint64(b, uint64(f.size))
	b = text(text(text(b, f.name), ""), "")
	b = append(append(b, byte(f.keys)), make([]byte, f.keys)...)
	b = append(binary.BigEndian.AppendUint32(b, uint32(f.metadata)), make([]byte, f.metadata)...)
	for range new(Report).counts() {
		b = binary.BigEndian.AppendUint64(b, uint64(f.count))
	}
	b = append(b, byte(f.losses))
	for range f.losses {
		b = text(b, f.loss)
	}
	return append(b, f.tail...)
}

func TestEnvelopeThatIsNeverWrittenIsRefused(t *testing.T) {
	good := envelopeForm{magic: envelopeMagic, format: byte(Export), flags: flagsKnown, size: 1, count: 1, name: strings.Repeat("n", maxName),
		loss: "x", keys: keysSize, metadata: maxMetadata, losses: maxLosses}
	if _, err := parseEnvelope(good.bytes()); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(f *envelopeForm){
		"magic":                 func(f *envelopeForm) { f.magic = strings.ToUpper(envelopeMagic) },
		"format 0":              func(f *envelopeForm) { f.format = 0 },
		"format after the last": func(f *envelopeForm) { f.format++ },
		"unknown flag":          func(f *envelopeForm) { f.flags = flagsKnown + 1 },
		"negative size":         func(f *envelopeForm) { f.size = -1 },
		"negative count":        func(f *envelopeForm) { f.count = -1 },
		"long name":             func(f *envelopeForm) { f.name += "n" },
		"name that is no text":  func(f *envelopeForm) { f.name = "\xff" },
		"loss that is no text":  func(f *envelopeForm) { f.loss = "\xff" },
		"half a key":            func(f *envelopeForm) { f.keys = 32 },
		"much metadata":         func(f *envelopeForm) { f.metadata++ },
		"many losses":           func(f *envelopeForm) { f.losses++ },
		"tail":                  func(f *envelopeForm) { f.tail = "\x00" },
	} {
		f := good
		change(&f)
		if e, err := parseEnvelope(f.bytes()); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v, %v", what, e, err)
		}
	}
	if _, err := parseEnvelope([]byte(envelopeMagic)); !errors.Is(err, ErrArchive) {
		t.Error(err)
	}
}

func TestListOfBlobsThatIsNeverWrittenIsRefused(t *testing.T) {
	blob := strings.Repeat("\x01", blobSize)
	for list, good := range map[string]bool{
		blobsMagic: true, blobsMagic + blob: true, blobsMagic + blob + blob: true,
		"": false, "legacy blobs 2\n" + blob: false, blobsMagic + blob[1:]: false, blobsMagic + blob + "\x00": false,
		blobsMagic + blob[:32] + "\x80" + blob[33:]: false, // of a negative size
	} {
		if _, err := parseBlobs([]byte(list)); good && err != nil || !good && !errors.Is(err, ErrArchive) {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestRunThatIsNeverWrittenIsRefused(t *testing.T) {
	varints := func(b []byte, list ...uint64) []byte {
		for _, x := range list {
			b = binary.AppendUvarint(b, x)
		}
		return b
	}
	file := func(month, n, off uint64) []byte {
		return varints(append([]byte{1 << 2}, make([]byte, 16)...), month, n, off)
	}
	for what, test := range map[string]struct {
		run    []byte
		recent int
		good   bool
	}{
		"frames":                  {[]byte{0}, 0, true},
		"longest":                 {varints(nil, 3, 1<<62), 0, true},
		"longer":                  {varints(nil, 3, 1<<62+1), 0, false},
		"length that overflows":   {varints(nil, 3, 1<<64-1), 0, false},
		"last of the recent ones": {varints(nil, 4<<2), 3, true},
		"before these":            {varints(nil, 5<<2), 3, false},
		"long ago":                {varints(nil, 1<<63), 3, false},
		"first month":             {file(firstMonth, 1, 0), 0, true},
		"month before the first":  {file(firstMonth-1, 1, 0), 0, false},
		"last month":              {file(lastMonth, 1<<30, 1<<60), 0, true},
		"month after the last":    {file(lastMonth+1, 1, 0), 0, false},
		"part 0":                  {file(firstMonth, 0, 0), 0, false},
		"part too high":           {file(firstMonth, 1<<30+1, 0), 0, false},
		"offset too high":         {file(firstMonth, 1, 1<<60+1), 0, false},
	} {
		if r, size := parseRun(test.run, test.recent); (size == len(test.run)) != test.good || !test.good && size != 0 {
			t.Errorf("%s: %+v of %d bytes", what, r, size)
		}
		for n := range test.run {
			if r, size := parseRun(test.run[:n:n], test.recent); size != 0 {
				t.Errorf("%s: %d bytes of it: %+v of %d bytes", what, n, r, size)
			}
		}
	}
}

// A store whose files do not belong together ends in ErrArchive, never as if it were shorter.
func TestRecordsThatAreNotAsTheOrderSaysAreRefused(t *testing.T) {
	frames := stream(head(1)[:2]...)
	raw, err := (&Envelope{Format: Stream}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := byte(1) // a run of both
	huge := binary.AppendUvarint(nil, signal.MaxRecord+1)
	month := stream(text(1, 946684800000, "x"))
	dir := conversationDir("e164:+100")
	inMonth := func(off int64) string {
		var b bytes.Buffer
		o := orderWriter{w: &b}
		o.chat(part{dir, 24000, 1}, off, 1)
		o.flush()
		return orderMagic + b.String()
	}
	for what, test := range map[string]struct {
		frames []byte
		order  string
		want   error
	}{
		"as it is":             {frames, orderMagic + string([]byte{all}), io.EOF},
		"a message":            {frames, inMonth(0), io.EOF},
		"one at the end":       {frames, inMonth(int64(len(month))), ErrArchive},
		"one behind it":        {frames, inMonth(int64(len(month)) + 1), ErrArchive},
		"one far behind it":    {frames, inMonth(1 << 60), ErrArchive},
		"a frame too few":      {frames, orderMagic + string([]byte{all + 1}), ErrArchive},
		"no run":               {frames, orderMagic + "\xff", ErrArchive},
		"a file not used":      {frames, orderMagic + string([]byte{2 << 2}), ErrArchive},
		"a frame cut off":      {frames[:len(frames)-1], orderMagic + string([]byte{all}), ErrArchive},
		"a frame without end":  {append(bytes.Clone(frames), 0x80), orderMagic + string([]byte{all + 1}), ErrArchive},
		"a frame that is huge": {append(append(bytes.Clone(frames), huge...), make([]byte, signal.MaxRecord+1)...), orderMagic + string([]byte{all + 1}), ErrArchive},
		"an order of later":    {frames, "signal order 2\n" + string([]byte{all}), ErrArchive},
		"half of the magic":    {frames, orderMagic[:5], ErrArchive},
	} {
		a, err := Open(fstest.MapFS{envelopeName: {Data: raw}, framesName: {Data: test.frames}, orderName: {Data: []byte(test.order)},
			part{dir, 24000, 1}.path(): {Data: month}})
		if err == nil {
			var r *Records
			if r, err = a.Records(context.Background()); err == nil {
				for range 100 {
					if _, err = r.Next(); err != nil {
						break
					}
				}
				r.Close()
			}
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A longFS gives files that are a byte shorter than they say.
type longFS struct{ fstest.MapFS }

type longFile struct {
	iofs.File
	io.ReaderAt
}

type longInfo struct{ iofs.FileInfo }

func (i longInfo) Size() int64 { return i.FileInfo.Size() + 1 }

func (f longFile) Stat() (iofs.FileInfo, error) {
	info, err := f.File.Stat()
	return longInfo{info}, err
}

func (l longFS) Open(name string) (iofs.File, error) {
	f, err := l.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	return longFile{f, f.(io.ReaderAt)}, nil
}

func TestFileOfAnotherLengthIsRefused(t *testing.T) {
	files := fstest.MapFS{"f": {Data: []byte("1234567890")}}
	for limit, good := range map[int64]bool{9: false, 10: true} {
		if b, err := readWhole(context.Background(), files, "f", limit); good && (err != nil || len(b) != 10) || !good && !errors.Is(err, ErrArchive) {
			t.Errorf("limit %d: %q, %v", limit, b, err)
		}
	}
	if b, err := readWhole(context.Background(), longFS{files}, "f", 100); !errors.Is(err, ErrArchive) {
		t.Errorf("shorter than it says: %q, %v", b, err)
	}
	files["f"].Data = []byte("\x0a1234567890")[:10] // a record of 10 bytes of which one is not there
	c := cursor{fsys: longFS{files}, name: "f"}
	defer c.close()
	var large []byte
	if rec, err := c.next(context.Background(), &large); !errors.Is(err, ErrArchive) {
		t.Errorf("record of a file that is shorter than it says: %q, %v", rec, err)
	}
}

// What is no name of a conversation or of a file of media leads to no other file of the store.
func TestNamesThatLeadElsewhereAreNotThere(t *testing.T) {
	raw, err := (&Envelope{Format: Stream}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 32)
	files := fstest.MapFS{envelopeName: {Data: raw}, orderName: {Data: []byte(orderMagic)}, framesName: {}}
	for _, chat := range []string{long, strings.ToUpper(long), long + "aa", "aa", "notes"} {
		files[chatsName+"/"+chat+"/2000-01"] = &fstest.MapFile{}
	}
	files[chatsName+"/"+long+"/2000-1"] = &fstest.MapFile{}
	files[chatsName+"/"+strings.Repeat("b", 32)] = &fstest.MapFile{}
	bad := "media/../envelope"
	for _, hash := range []string{strings.Repeat("A", 64), strings.Repeat("g", 64), "aa"} {
		files[mediaName+"/"+hash[:2]+"/"+hash] = &fstest.MapFile{}
	}
	a, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	chats, err := a.Chats(ctx)
	if err != nil {
		t.Error(err)
	}
	if len(chats) != 1 || chats[0].Name != long {
		t.Errorf("conversations: %v", chats)
	}
	for _, chat := range []string{"", ".", "..", "../chats/" + long, "aa", "notes", long + "aa", strings.ToUpper(long)} {
		if months, err := a.Months(ctx, chat); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("months of %q: %v, %v", chat, months, err)
		}
	}
	if months, err := a.Months(ctx, long); err != nil || len(months) != 1 || months[0].Name != "2000-01" {
		t.Errorf("%v, %v", months, err)
	}
	for _, hash := range []string{"", bad, "aa", strings.Repeat("A", 64), strings.Repeat("g", 64), strings.Repeat("/", 64)} {
		if m, err := a.Media(ctx, hash); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("media %q: %v, %v", hash, m, err)
		}
		if _, err := a.File(ctx, hash); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("media %q: %v", hash, err)
		}
	}
}

// A legacy file is not made of more or fewer blobs than its layout has.
func TestOriginalOfALegacyFileWithoutItsBlobsIsRefused(t *testing.T) {
	for path, passphrase := range legacyFiles(t) {
		s := find(t, path)
		tree, _, a := store(t, s, s.Items[0], passphrase, nil)
		f := tree.files[legacyBlobs]
		whole := f.Data
		if len(whole) < len(blobsMagic)+blobSize {
			continue
		}
		for what, list := range map[string][]byte{"fewer": whole[:len(whole)-blobSize], "more": append(bytes.Clone(whole), whole[len(whole)-blobSize:]...)} {
			f.Data = list
			if _, err := a.Original(context.Background()); !errors.Is(err, ErrArchive) {
				t.Errorf("%s blobs: %v", what, err)
			}
		}
		return
	}
	t.Error("no legacy file with blobs")
}

// A message that a legacy file or an export made too large for a record is left out and reported.
func TestRecordThatIsTooLargeIsRefused(t *testing.T) {
	tree := newTree(nil)
	s := newStorer(context.Background(), tree, &Backup{})
	if err := s.begin(info(1)); err != nil {
		t.Fatal(err)
	}
	f := &signal.Frame{Item: &signal.ChatItem{ChatID: 1, Outgoing: &signal.Outgoing{},
		Body: &signal.StandardMessage{Text: &signal.Text{Body: strings.Repeat("x", signal.MaxRecord)}}}}
	if err := s.made(f); err != nil || s.report.Damaged != 1 || s.report.Messages != 0 {
		t.Errorf("%+v, %v", s.report, err)
	}
	if err := errors.Join(s.frames.end(nil), s.order.end(nil)); err != nil {
		t.Error(err)
	}
}

// What lies under the name of a file of media in an export and is no file is damage.
func TestFolderInPlaceOfMediaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/media", 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if f, err := openHashed(root, "media", &signal.Locator{}); err == nil || errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("%v, %v", f, err)
	}
}
