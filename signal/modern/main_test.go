package modern

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"bakfs/signal"
)

func TestNewAccountVectorOpensWithItsToken(t *testing.T) {
	b := readFile(t, vectors(t, "new-account.binproto.encrypted"))
	ctx := context.Background()
	bk := recoveryKey(t, strings.Repeat("m", 64)).BackupKey()
	id := bk.ID(signal.ServiceID(strings.Repeat("\x11", 16)))
	open := func(token string) (*Main, error) {
		return OpenRemote(ctx, bytes.NewReader(b), int64(len(b)), bk.RemoteKeys(id, signal.NewSecret(token)))
	}
	m, err := open(strings.Repeat("\xab", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := m.Records(ctx)
	defer s.Close()
	lens := []int{}
	for _, rec := range all(t, s) {
		lens = append(lens, len(rec))
	}
	if len(lens) != 4 || lens[0] != 43 || lens[1] != 58 || lens[2] != 6 || lens[3] != 6 {
		t.Errorf("records of %v bytes", lens)
	}
	if _, err := open(""); !errors.Is(err, ErrWrongKey) {
		t.Errorf("without a token: %v", err)
	}
	if _, err := open(strings.Repeat("\xac", 32)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("with another token: %v", err)
	}
	if _, err := OpenMain(ctx, bytes.NewReader(b), int64(len(b)), bk.Keys(id)); !errors.Is(err, ErrRemote) {
		t.Errorf("as a local main: %v", err)
	}
	for n := range len(b) {
		_, err := OpenRemote(ctx, bytes.NewReader(b), int64(n), bk.RemoteKeys(id, signal.NewSecret(strings.Repeat("\xab", 32))))
		if err == nil {
			t.Fatalf("cut to %d bytes: no error", n)
		}
	}
}

func TestRemoteVectorHasTheRecordsOfTheFolder(t *testing.T) {
	b := readFile(t, vectors(t, "v2/remote.backup"))
	ctx := context.Background()
	bk := recoveryKey(t, knownKey).BackupKey()
	id := bk.ID(signal.ServiceID(unhex(t, knownACI)))
	token := signal.NewSecret(string(unhex(t, "6b17df227cfbefea01a4fe7602b3c98b4eb508e83766797df0757993e2e835eb")))
	m, err := OpenRemote(ctx, bytes.NewReader(b), int64(len(b)), bk.RemoteKeys(id, token))
	if err != nil {
		t.Fatal(err)
	}
	s := m.Records(ctx)
	defer s.Close()
	plain := readFile(t, vectors(t, "v2/plain.binproto"))
	equalRecords(t, all(t, s), all(t, signal.NewRecordReader(bytes.NewReader(plain))))
}

func TestABareMainOpensWithTheACI(t *testing.T) {
	b := readFile(t, vectors(t, "v2/SignalBackups/signal-backup-2026-01-02-03-04-05/main"))
	bk := recoveryKey(t, knownKey).BackupKey()
	got, err := openMain(b, bk.Keys(bk.ID(signal.ServiceID(unhex(t, knownACI)))))
	if err != nil {
		t.Fatal(err)
	}
	plain := readFile(t, vectors(t, "v2/plain.binproto"))
	equalRecords(t, got, all(t, signal.NewRecordReader(bytes.NewReader(plain))))
}

func TestAMainCutAnywhereIsTruncatedOrDamaged(t *testing.T) {
	b := seal(t, testKeys(), sampleRecords())
	for n := range b {
		_, err := openMain(b[:n], testKeys())
		want := ErrTruncated
		if n >= minSealed && (n-ivSize-macSize)%16 == 0 {
			want = ErrDamaged
		}
		if !errors.Is(err, want) {
			t.Fatalf("cut to %d of %d bytes: %v, want %v", n, len(b), err, want)
		}
	}
}

func TestAFlippedByteIsNeverBelieved(t *testing.T) {
	b := seal(t, testKeys(), sampleRecords())
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x40
		got, err := openMain(bad, testKeys())
		if len(got) > 0 || !errors.Is(err, ErrDamaged) && !(i < 32 && errors.Is(err, ErrWrongKey)) {
			t.Fatalf("byte %d: %d records, %v", i, len(got), err)
		}
	}
}

func TestAWrongKeyIsToldFromDamage(t *testing.T) {
	b := seal(t, testKeys(), sampleRecords())
	other := testKeys()
	other.Cipher = signal.NewSecret(strings.Repeat("x", 32))
	if _, err := openMain(b, other); !errors.Is(err, ErrWrongKey) {
		t.Errorf("other cipher key: %v", err)
	}
	other = testKeys()
	other.MAC = signal.NewSecret(strings.Repeat("x", 32))
	if _, err := openMain(b, other); !errors.Is(err, ErrDamaged) {
		t.Errorf("other MAC key: %v", err)
	}
	r := &countingReader{Reader: *bytes.NewReader(append(b, make([]byte, 16<<20)...))}
	wrong := recoveryKey(t, knownKey).BackupKey().Keys(ID{})
	if _, err := OpenMain(context.Background(), r, r.Size(), wrong); !errors.Is(err, ErrWrongKey) || r.calls > 1 {
		t.Errorf("%d reads for a wrong key, %v", r.calls, err)
	}
}

type countingReader struct {
	bytes.Reader
	calls int
}

func (r *countingReader) ReadAt(p []byte, off int64) (int, error) {
	r.calls++
	return r.Reader.ReadAt(p, off)
}

func zipped(t testing.TB, plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(plain)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatStandsUnderAGoodMACIsCheckedToo(t *testing.T) {
	var stream bytes.Buffer
	w := signal.NewRecordWriter(&stream)
	for _, rec := range sampleRecords() {
		w.Write(rec)
	}
	z := zipped(t, stream.Bytes())
	zeros := make([]byte, 70000)
	broken := bytes.Clone(z)
	broken[len(broken)-5] ^= 1 // the checksum
	body := bytes.Clone(z)
	body[12] ^= 0xff
	tests := []struct {
		name  string
		plain []byte
		want  error
	}{
		{"no zeros", z, nil},
		{"many zeros", append(bytes.Clone(z), zeros...), nil},
		{"not only zeros", append(append(bytes.Clone(z), zeros...), 1), signal.ErrBadStream},
		{"a second member", append(bytes.Clone(z), z...), signal.ErrBadStream},
		{"cut", z[:len(z)-9], ErrTruncated},
		{"only a header", z[:10], ErrTruncated},
		{"checksum", broken, signal.ErrBadStream},
		{"cut record", zipped(t, stream.Bytes()[:stream.Len()-1]), ErrTruncated},
		{"absurd length", zipped(t, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}), signal.ErrBadStream},
	}
	for _, x := range tests {
		got, err := openMain(sealPlain(t, testKeys(), x.plain), testKeys())
		if x.want == nil {
			if err != nil {
				t.Errorf("%s: %v", x.name, err)
				continue
			}
			equalRecords(t, got, sampleRecords())
		} else if !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
	if _, err := openMain(sealPlain(t, testKeys(), body), testKeys()); err == nil {
		t.Error("damaged body: no error")
	}
}

// A shrinking file, or one that changes between the two passes, must not
// pass for whole.
func TestAFileThatChangesWhileItIsReadIsAnError(t *testing.T) {
	b := seal(t, testKeys(), sampleRecords())
	m, err := OpenMain(context.Background(), bytes.NewReader(b), int64(len(b)), testKeys())
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-macSize-20] ^= 1
	s := m.Records(context.Background())
	defer s.Close()
	for {
		if _, err = s.Next(); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestNoGoroutineOutlivesClose(t *testing.T) {
	var records [][]byte
	for range 3000 {
		records = append(records, bytes.Repeat([]byte("\x01"), 2000))
	}
	b := seal(t, testKeys(), append(sampleRecords(), records...))
	before := runtime.NumGoroutine()
	for _, reads := range []int{0, 1, 2500} {
		ctx, cancel := context.WithCancel(context.Background())
		m, err := OpenMain(ctx, bytes.NewReader(b), int64(len(b)), testKeys())
		if err != nil {
			t.Fatal(err)
		}
		s := m.Records(ctx)
		for range reads {
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if reads == 1 {
			cancel()
			for err = nil; err == nil; {
				_, err = s.Next()
			}
			if !errors.Is(err, context.Canceled) && err != io.EOF {
				t.Errorf("after cancel: %v", err)
			}
		}
		s.Close()
		cancel()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
