package integration

import (
	"bufio"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A messageWork is something to do in a mount of messages; it returns how many bytes
// it was about.
type messageWork struct {
	name string
	work func(b *testing.B, account string) (bytes int64)
}

var messageWorks = []messageWork{
	{"mount and list", func(b *testing.B, account string) int64 { return list(b, account) }},
	{"list all conversations", func(b *testing.B, account string) int64 { return list(b, account+"/chats") }},
	{"index", func(b *testing.B, account string) int64 { return readFile(b, account+"/index.html") }},
	{"month as text", func(b *testing.B, account string) int64 { return month(b, account, "text", ".txt") }},
	{"month as page", func(b *testing.B, account string) int64 { return month(b, account, "web", ".html") }},
	{"year as JSON", func(b *testing.B, account string) int64 { return month(b, account, "json", ".jsonl") }},
	{"calls", func(b *testing.B, account string) int64 { return readFile(b, account+"/calls.txt") }},
	{"search", func(b *testing.B, account string) int64 {
		return readFile(b, account+"/search/saturday rope/results.txt")
	}},
	{"grep", func(b *testing.B, account string) int64 {
		cmd := exec.Command("grep", "-rc", "zugvogel", account+"/text")
		if out, err := cmd.Output(); len(out) == 0 {
			b.Fatal(err)
		}
		return size(b, account+"/text")
	}},
	{"all pages", func(b *testing.B, account string) int64 {
		n := int64(0)
		check(b, filepath.WalkDir(account+"/chats", func(p string, d iofs.DirEntry, err error) error {
			if err == nil && filepath.Ext(p) == ".html" {
				n += readFile(b, p)
			}
			return err
		}))
		return n
	}},
}

// BenchmarkMessages measures a mount of a million messages (a hundred thousand with
// -short), each time with nothing cached: the first listing, a month, and grep
// through all. It runs with -bench only:
//
//	go test ./integration -run '^$' -bench Messages -benchtime 1x
func BenchmarkMessages(b *testing.B) {
	messages := 1_000_000
	if testing.Short() {
		messages = 100_000
	}
	l, _ := newLabWithout(b, "--days", "1", "--messages", fmt.Sprint(messages), "--chats", "60", "--media", "2000", "--media-bytes", "2000", "--seed", "9")
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // as the program has it
	for _, bench := range messageWorks {
		b.Run(bench.name, func(b *testing.B) {
			var peak uint64
			for range b.N {
				b.StopTimer()
				h := l.newest()
				debug.FreeOSMemory()
				resetPeak()
				b.StartTimer()
				start, before := time.Now(), cpuTime()
				account := l.mount(b, h)
				n := bench.work(b, account)
				took := time.Since(start)
				b.StopTimer()
				if n > 0 {
					b.SetBytes(n)
				}
				b.ReportMetric(float64(took.Milliseconds()), "ms")
				b.ReportMetric(float64((cpuTime() - before).Milliseconds()), "cpu-ms")
				peak = max(peak, highWater())
				runtime.KeepAlive(h)
				b.StartTimer()
			}
			b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
		})
	}
}

func list(b *testing.B, dir string) int64 {
	entries, err := os.ReadDir(dir)
	check(b, err)
	if len(entries) == 0 {
		b.Fatal("nothing there")
	}
	return 0
}

func readFile(b *testing.B, name string) int64 {
	f, err := os.Open(name)
	check(b, err)
	defer f.Close()
	n, err := io.Copy(io.Discard, f)
	check(b, err)
	return n
}

// month reads one file of the conversation that is last in the order of names.
func month(b *testing.B, account, kind, ext string) int64 {
	chats, err := os.ReadDir(account + "/chats")
	check(b, err)
	dir := account + "/chats/" + chats[len(chats)/2].Name() + "/" + kind
	files, err := os.ReadDir(dir)
	check(b, err)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "20") && filepath.Ext(f.Name()) == ext && strings.Count(f.Name(), "-") > 0 == (kind != "json") {
			return readFile(b, dir+"/"+f.Name())
		}
	}
	b.Fatal("no month")
	return 0
}

func size(b *testing.B, dir string) (n int64) {
	check(b, filepath.WalkDir(dir, func(p string, d iofs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			info, err := d.Info()
			check(b, err)
			n += info.Size()
		}
		return err
	}))
	return n
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// resetPeak makes the kernel forget how much memory this process had at most.
func resetPeak() { os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200) }

// highWater is how much memory this process had at most.
func highWater() uint64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}
