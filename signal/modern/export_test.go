package modern

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	"bakfs/signal"
)

// export writes records as lines.
func export(t testing.TB, records [][]byte, options ExportOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewExportWriter(&b, options)
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestCanonicalBackupExportsAsTheOfficialExporterDoes(t *testing.T) {
	stream := readFile(t, vectors(t, "canonical-backup.binproto"))
	want := readFile(t, vectors(t, "canonical-backup.takeout-export.expected.jsonl"))
	records := all(t, signal.NewRecordReader(bytes.NewReader(stream)))
	if got := export(t, records, ExportOptions{}); !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
		t.Error("other lines")
	}
	equalRecords(t, all(t, NewExportReader(bytes.NewReader(want))), records)
}

func TestAFullExportHasEveryRecord(t *testing.T) {
	b := openV2(t)
	s := b.Records(context.Background())
	defer s.Close()
	records := all(t, s)
	full := ExportOptions{Disappearing: true, PIN: true}
	lines := export(t, records, full)
	r := NewExportReader(bytes.NewReader(lines))
	back := all(t, r)
	if len(back) != len(records) {
		t.Fatalf("%d records, want %d", len(back), len(records))
	}
	for i, rec := range records {
		var m signal.Message = new(signal.Frame)
		if i == 0 {
			m = new(signal.BackupInfo)
		}
		if err := signal.Unmarshal(rec, m); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back[i], signal.Append(nil, m)) {
			t.Errorf("record %d differs", i)
		}
	}
	if rep := r.Report(); rep.Damaged != 0 || rep.UnknownFields != 0 {
		t.Errorf("report %+v", rep)
	}
	if again := export(t, back, full); !bytes.Equal(again, lines) {
		t.Error("exported twice differently")
	}
	if got := export(t, records, ExportOptions{}); bytes.Count(got, []byte("\n")) >= len(records) || bytes.Contains(got, []byte("svrPin")) {
		t.Error("the plain export holds what disappears, or the PIN")
	}
}

func TestWhatDisappearsStaysOutOfAnExport(t *testing.T) {
	timer := signal.Some[uint64](5000)
	text := func(s string) *signal.StandardMessage { return &signal.StandardMessage{Text: &signal.Text{Body: s}} }
	item := &signal.ChatItem{Body: text("kept"), Revisions: []signal.ChatItem{{Body: text("first")}, {Body: text("gone"), ExpiresInMs: timer}}}
	once := &signal.ChatItem{Body: &signal.ViewOnceMessage{Attachment: &signal.Attachment{WasDownloaded: true}}}
	account := &signal.Account{GivenName: "Jo", SVRPIN: signal.NewSecret("4711")}
	var b bytes.Buffer
	w := NewExportWriter(&b, ExportOptions{})
	for _, i := range []signal.FrameItem{item, once, &signal.ChatItem{ExpiresInMs: timer, Body: text("gone")}, account, nil} {
		if err := w.WriteFrame(&signal.Frame{Item: i}); err != nil {
			t.Fatal(err)
		}
	}
	got := b.String()
	if strings.Count(got, "\n") != 3 || strings.Contains(got, "gone") || strings.Contains(got, "wasDownloaded") || strings.Contains(got, "4711") ||
		!strings.Contains(got, "first") || !strings.Contains(got, "viewOnceMessage") {
		t.Errorf("got %s", got)
	}
	if len(item.Revisions) != 2 || once.Body.(*signal.ViewOnceMessage).Attachment == nil || account.SVRPIN.Empty() {
		t.Error("the writer changed what it was given")
	}
}

func TestABadLineLosesOneRecord(t *testing.T) {
	lines := string(export(t, sampleRecords(), ExportOptions{}))
	parts := strings.SplitAfter(lines, "\n")
	long := `{"chatItem":{"standardMessage":{"text":{"body":"` + strings.Repeat("x", maxLine) + `"}}}}` + "\n"
	mixed := parts[0] + parts[1] + "{broken\n" + parts[2] + "\n\r\n" + long + `{"chat":{"id":"x"}}` + "\n" +
		`{"chatFolder":{"name":"f","inTheFuture":{"a":[1]}}}` + "\r\n" + strings.TrimSpace(parts[3])
	r := NewExportReader(strings.NewReader(mixed))
	got := all(t, r)
	if len(got) != 5 {
		t.Errorf("%d records, want 5", len(got))
	}
	rep := r.Report()
	if rep.Damaged != 3 || rep.UnknownFields != 1 || len(rep.First) != 3 || rep.First[0].Index != 2 {
		t.Errorf("report %+v", rep)
	}
}

func TestWhatIsNoExport(t *testing.T) {
	for _, s := range []string{"?", "{}\n", `{"chat":{"id":"1"}}` + "\n", "\n\n"} {
		if _, err := NewExportReader(strings.NewReader(s)).Next(); !errors.Is(err, signal.ErrBadStream) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := NewExportReader(strings.NewReader("")).Next(); err != io.EOF {
		t.Errorf("empty: %v", err)
	}
	if err := CheckExportMetadata(AppendExportMetadata(nil)); err != nil {
		t.Error(err)
	}
	if got := string(AppendExportMetadata(nil)); got != `{"version":1}` {
		t.Errorf("metadata %s", got)
	}
	if err := CheckExportMetadata([]byte(`{"version":2}`)); !errors.Is(err, ErrUnknownVersion) {
		t.Errorf("version 2: %v", err)
	}
	if err := CheckExportMetadata([]byte(`{"version"`)); !errors.Is(err, signal.ErrBadRecord) {
		t.Errorf("cut: %v", err)
	}
}

func TestMediaNamesOfAnExportAreSafe(t *testing.T) {
	l, _ := knownMedia()
	name, _ := MediaName(l)
	for _, x := range []struct{ file, mime, ext string }{
		{"IMG_1.JPG", "image/jpeg", ".JPG"},
		{"", "image/jpeg", ".jpeg"},
		{"", "text/plain; charset=utf-8", ".plain"},
		{"a.b/../../c", "", ".bin"},
		{"x.ex\x00e", "image/webp", ".webp"},
		{"x." + strings.Repeat("a", 50), "../../etc", ".bin"},
		{"noextension", "", ".bin"},
	} {
		p := &signal.FilePointer{Locator: l}
		if x.file != "" {
			p.FileName = signal.Some(x.file)
		}
		p.ContentType = signal.Some(x.mime)
		got, ok := ExportMediaPath(p)
		if want := "files/" + name[:2] + "/" + name + x.ext; !ok || got != want || got != path.Clean(got) {
			t.Errorf("%q, %q: %s, want %s", x.file, x.mime, got, want)
		}
	}
	if _, ok := ExportMediaPath(&signal.FilePointer{}); ok {
		t.Error("a name for a file that is nowhere")
	}
}

func TestFilesAreRecognisedByTheirBeginning(t *testing.T) {
	plain := func() []byte {
		var b bytes.Buffer
		w := signal.NewRecordWriter(&b)
		for _, rec := range sampleRecords() {
			w.Write(rec)
		}
		return b.Bytes()
	}()
	for name, x := range map[string]struct {
		b    []byte
		want Kind
	}{
		"sealed":  {seal(t, testKeys(), sampleRecords()), Sealed},
		"remote":  {[]byte(remoteMagic + "..."), Remote},
		"plain":   {plain, Plain},
		"export":  {export(t, sampleRecords(), ExportOptions{}), Export},
		"text":    {[]byte("hello\n"), Unrecognised},
		"json":    {[]byte(`{"version":1}`), Unrecognised},
		"nothing": {nil, Unrecognised},
	} {
		if got, err := Detect(bytes.NewReader(x.b), int64(len(x.b))); got != x.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, got, err, x.want)
		}
	}
}
