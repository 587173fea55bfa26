package modern

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"bakfs/signal"
)

// fuzzErrors are all that a decoder may answer.
var fuzzErrors = []error{ErrTruncated, ErrDamaged, ErrWrongKey, ErrRemote, ErrUnknownVersion, ErrIncomplete, ErrNoACI,
	signal.ErrBadRecord, signal.ErrBadStream}

func checkError(t *testing.T, err error) {
	t.Helper()
	for _, known := range fuzzErrors {
		if errors.Is(err, known) {
			return
		}
	}
	t.Fatalf("error %v", err)
}

// FuzzMain seals any bytes under a good MAC: what an attacker without the key
// cannot do, but a broken app can.
func FuzzMain(f *testing.F) {
	var stream bytes.Buffer
	w := signal.NewRecordWriter(&stream)
	for _, rec := range sampleRecords() {
		w.Write(rec)
	}
	f.Add(true, stream.Bytes())
	f.Add(false, zipped(f, stream.Bytes()))
	f.Add(false, append(zipped(f, stream.Bytes()), make([]byte, 100)...))
	f.Add(false, []byte{})
	f.Add(true, []byte{5, 1})
	f.Fuzz(func(t *testing.T, zip bool, b []byte) {
		if zip {
			b = zipped(t, b)
		}
		if _, err := openMain(sealPlain(t, testKeys(), b), testKeys()); err != nil {
			checkError(t, err)
		}
	})
}

// FuzzSealed opens any bytes as a main and as media.
func FuzzSealed(f *testing.F) {
	f.Add(seal(f, testKeys(), sampleRecords()))
	f.Add([]byte(remoteMagic + "\x05"))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := openMain(b, testKeys()); err != nil {
			checkError(t, err)
		}
		l, _ := knownMedia()
		if _, err := readMedia(b, l); err != nil {
			checkError(t, err)
		}
		Detect(bytes.NewReader(b), int64(len(b)))
	})
}

// FuzzMetadata reads any bytes as the two small files of a snapshot.
func FuzzMetadata(f *testing.F) {
	f.Add(AppendMetadata(nil, BackupKey{}, ID{1}, [12]byte{2}))
	f.Add(AppendFilesRecord(nil, "bb24badcff27452983ba485c3fcb6f87b9ecb6ec8a9842f438c1360927078a55"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMetadata(b); err != nil {
			checkError(t, err)
		} else {
			m.ID(BackupKey{})
		}
		names, err := ReadFilesList(bytes.NewReader(b))
		if err != nil {
			checkError(t, err)
		}
		for _, n := range names {
			if !isMediaName(n) {
				t.Fatalf("name %q", n)
			}
		}
	})
}

// FuzzExport reads any bytes as main.jsonl.
func FuzzExport(f *testing.F) {
	f.Add(export(f, sampleRecords(), ExportOptions{}))
	f.Add([]byte("{}\n{}\n"))
	f.Add([]byte(`{"version":"1"}` + "\nnull\n[]\n{\"chat\":null}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewExportReader(bytes.NewReader(b))
		for {
			rec, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				checkError(t, err)
				return
			}
			var m signal.Message = new(signal.Frame)
			if signal.Unmarshal(rec, m) != nil {
				m = new(signal.BackupInfo)
				if err := signal.Unmarshal(rec, m); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
