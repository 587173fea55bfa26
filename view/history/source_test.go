package history

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/signal/modern"
)

// A series are the backups of some days, and what is true on each.
type series struct {
	account string
	trees   []*tree
	times   []time.Time
	truth   []map[string][]map[string]any // by day, then type
}

// generated returns the backups that the shared generator makes, or skips.
func generated(t testing.TB) *series {
	t.Helper()
	s, err := generate()
	if err != nil {
		t.Skipf("no generated backups (BAKFS_SIGNALGEN): %v", err)
	}
	return s
}

// generate makes 12 days, or takes those in the folder that BAKFS_SERIES names.
var generate = sync.OnceValues(func() (*series, error) {
	if dir := os.Getenv("BAKFS_SERIES"); dir != "" {
		return readSeries(dir, filepath.Join(dir, "truth.jsonl.gz"))
	}
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join("..", "..", "..", "shared", "tools", "signalgen")
	}
	if _, err := os.Stat(filepath.Join(tool, "go.mod")); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "signalgen"), ".")
	build.Dir = tool
	if err := build.Run(); err != nil {
		return nil, err
	}
	run := exec.Command(filepath.Join(dir, "signalgen"), "--kind", "v2", "--days", "12", "--messages", "700", "--chats", "14",
		"--media", "30", "--media-bytes", "3000", "--seed", "5", "--out", filepath.Join(dir, "out"), "--truth", filepath.Join(dir, "truth.jsonl"))
	if err := run.Run(); err != nil {
		return nil, err
	}
	return readSeries(filepath.Join(dir, "out"), filepath.Join(dir, "truth.jsonl"))
})

// readSeries stores all backups of a folder.
func readSeries(dir, truth string) (*series, error) {
	s := &series{}
	f, _, err := modern.Locate(filepath.Join(dir, "SignalBackups"))
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "recovery-key.txt"))
	if err != nil {
		return nil, err
	}
	key, err := modern.ParseRecoveryKey(string(b))
	if err != nil {
		return nil, err
	}
	if b, err = os.ReadFile(filepath.Join(dir, "account.json")); err != nil {
		return nil, err
	}
	var account struct{ ACI string }
	if err := json.Unmarshal(b, &account); err != nil {
		return nil, err
	}
	s.account = account.ACI
	shots, err := f.Snapshots()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(shots, func(a, b modern.Snapshot) int { return strings.Compare(a.Name, b.Name) })
	for _, shot := range shots {
		b, err := f.Open(context.Background(), shot.Name, key)
		if err != nil {
			return nil, err
		}
		if err := s.add(f, b); err != nil {
			return nil, err
		}
		b.Close()
	}
	return s, s.readTruth(truth)
}

func (s *series) add(f *modern.Folder, b *modern.Backup) error {
	var records [][]byte
	media := map[string][]byte{}
	stream := b.Records(context.Background())
	defer stream.Close()
	var at time.Time
	for {
		rec, err := stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if len(records) == 0 {
			var info signal.BackupInfo
			if err := signal.Unmarshal(rec, &info); err != nil {
				return err
			}
			at = info.BackupTimeMs.Time()
		}
		records = append(records, slices.Clone(rec))
		var fr signal.Frame
		if len(records) == 1 || signal.Unmarshal(rec, &fr) != nil {
			continue
		}
		signal.Files(&fr, func(p *signal.FilePointer) {
			hash := archive.FileHash(p.Locator)
			if hash == "" || media[hash] != nil {
				return
			}
			if r, err := f.Media(context.Background(), p.Locator); err == nil {
				if b, err := io.ReadAll(r); err == nil {
					media[hash] = b
				}
				r.Close()
			}
		})
	}
	s.times = append(s.times, at)
	s.trees = append(s.trees, store(&testing.T{}, s.account, at, records, media))
	return nil
}

func (s *series) readTruth(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var o map[string]any
		if err := json.Unmarshal(sc.Bytes(), &o); err != nil {
			return err
		}
		if !slices.Contains(o["in"].([]any), any("v2")) {
			continue
		}
		day := int(o["day"].(float64))
		for len(s.truth) < day {
			s.truth = append(s.truth, map[string][]map[string]any{})
		}
		kind := o["type"].(string)
		s.truth[day-1][kind] = append(s.truth[day-1][kind], o)
	}
	return sc.Err()
}

// backups returns the given days, all without any, as New takes them.
func (s *series) backups(days ...int) []Backup {
	if len(days) == 0 {
		for i := range s.trees {
			days = append(days, i)
		}
	}
	var list []Backup
	for _, d := range days {
		list = append(list, Backup{Label: s.label(d), Time: s.times[d], FS: s.trees[d]})
	}
	return list
}

func (s *series) label(day int) string { return s.times[day].Format("2006-01-02_1504") }
