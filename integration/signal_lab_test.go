package integration

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"bakfs/signal"
	"bakfs/signal/modern"
	story "bakfs/signal/sample"
)

// A phone is the sample's backups, as they are copied from a phone, and the key.
type phone struct {
	dir  string // holds SignalBackups
	key  string // a file
	days []string
}

// newPhone writes the sample.
func newPhone(t tb) *phone {
	t.Helper()
	p := &phone{dir: filepath.Join(tempDir(t), "phone"), key: filepath.Join(tempDir(t), "signal-key")}
	check(t, story.Write(p.dir))
	check(t, os.WriteFile(p.key, []byte(story.Key+"\n"), 0o600))
	list, err := filepath.Glob(p.dir + "/SignalBackups/signal-backup-*")
	check(t, err)
	if p.days = list; len(p.days) != 2 {
		t.Fatalf("the sample has the days %q", p.days)
	}
	return p
}

// args are those of the command that backs a path up.
func (p *phone) args(path string) []string {
	return []string{"backup", "--signal", path, "--signal-key-file", p.key}
}

// A digest says what files hold: their hashes by path, or by what is in them.
type digest map[string]string

// signalSnapshots are those of Signal's backups in the output of snapshots --json.
func signalSnapshots(t tb, out string) []summary {
	t.Helper()
	return slices.DeleteFunc(parseLines[summary](t, out), func(s summary) bool { return !s.ofSignal() })
}

// phoneKey is the key of the sample.
const phoneKey = story.Key

// original is what is in the folder that "export signal" wrote. Of what Signal
// sealed, that is each record, and each file, as the key opens them; of all else
// the bytes.
func original(t tb, dest, key, account string) digest {
	t.Helper()
	all := digest{}
	sealed, err := modern.ParseRecoveryKey(key)
	check(t, err)
	root := sealed.BackupKey()
	if b, err := os.ReadFile(dest + "/main"); err == nil { // without its folder
		m, err := modern.OpenMain(context.Background(), readerAt(b), int64(len(b)), root.Keys(root.ID(serviceID(t, account))))
		check(t, err)
		all["main"], _ = records(t, m.Records(context.Background()))
		return all
	}
	folder := filepath.Join(dest, "SignalBackups")
	list, err := filepath.Glob(folder + "/signal-backup-*")
	check(t, err)
	for _, dir := range list {
		b, err := modern.NewFolder(os.DirFS(folder)).Open(context.Background(), filepath.Base(dir), sealed)
		check(t, err)
		sum, index := records(t, b.Records(context.Background()))
		all[filepath.Base(dir)+"/main"] = sum
		for _, f := range index.Files {
			all[f.Name] = mediaSum(t, b.Folder, f)
		}
		check(t, b.Close())
		names, err := os.ReadFile(dir + "/files")
		check(t, err)
		all[filepath.Base(dir)+"/files"] = hashOfBytes(sorted(t, names))
	}
	for _, file := range filesOf(t, dest) {
		rel, err := filepath.Rel(dest, file)
		check(t, err)
		if len(list) > 0 && (strings.HasPrefix(rel, "SignalBackups/files/") || path.Base(rel) == "main" || path.Base(rel) == "files") {
			continue // seen above
		}
		b, err := os.ReadFile(file)
		check(t, err)
		all[rel] = hashOfBytes(b)
	}
	if len(all) == 0 {
		t.Fatalf("%s is empty", dest)
	}
	return all
}

type readerAt []byte

func (b readerAt) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, b[min(off, int64(len(b))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func serviceID(t tb, account string) signal.ServiceID {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(account, "-", ""))
	check(t, err)
	return signal.ServiceID(b)
}

// records hashes a stream's records with their borders, and finds its files.
func records(t tb, s *modern.Stream) (sum string, index *modern.MediaIndex) {
	t.Helper()
	defer s.Close()
	h, index := sha256.New(), &modern.MediaIndex{}
	for first := true; ; first = false {
		rec, err := s.Next()
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), index
		}
		check(t, err)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(rec))))
		h.Write(rec)
		var f signal.Frame
		if !first && signal.Unmarshal(rec, &f) == nil {
			index.Look(&f)
		}
	}
}

func mediaSum(t tb, f *modern.Folder, m modern.MediaFile) string {
	t.Helper()
	r, err := f.Media(context.Background(), m.Locator)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing"
	}
	check(t, err)
	defer r.Close()
	h := sha256.New()
	_, err = io.Copy(h, r)
	check(t, err)
	return hex.EncodeToString(h.Sum(nil))
}

// sorted are the names in a list of files, in order.
func sorted(t tb, list []byte) []byte {
	t.Helper()
	names, err := modern.ReadFilesList(strings.NewReader(string(list)))
	check(t, err)
	slices.Sort(names)
	return []byte(strings.Join(names, "\n"))
}

func hashOfBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// texts are the hashes of the month files of text that "export messages" wrote.
func texts(t tb, dest string) digest {
	t.Helper()
	all := digest{}
	for _, file := range globbed(t, dest+"/*/text/*/*.txt") {
		b, err := os.ReadFile(file)
		check(t, err)
		all[strings.TrimPrefix(file, dest+"/")] = hashOfBytes(b)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no text", dest)
	}
	return all
}

// messages are the arguments that export a snapshot's messages as text, in a form
// that depends on nothing but the backup.
func messagesArgs(snap, dest string) []string {
	return []string{"export", "messages", "--tz", "UTC", "--expired", "show", "--format", "text", snap, dest}
}

// differs says what one digest has and the other has not; "" if nothing.
func (d digest) differs(other digest) string {
	var all []string
	for name, sum := range d {
		if other[name] != sum {
			all = append(all, name+": "+sum+", "+other[name])
		}
	}
	for name := range other {
		if _, ok := d[name]; !ok {
			all = append(all, name+": only there")
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
