package index

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The test binary is also the other process: it adds packs and says which are published, until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BAKFS_INDEX_CHILD"); dir != "" {
		if err := child(dir, os.Getenv("BAKFS_INDEX_FIRST")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const childPack = 300

func child(dir, first string) error {
	n, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	x, err := Open(dir)
	if err != nil {
		return err
	}
	for ; ; n++ {
		if err := x.Add(testPack(n, n%3 == 0), testEntries(n*childPack, childPack)); err != nil {
			return err
		}
		if n%2 == 1 {
			if err := x.Publish(); err != nil {
				return err
			}
			fmt.Println(n)
		}
	}
}

// startChild runs the other process, with packs from first on; published gives their numbers.
func startChild(t *testing.T, dir string, first int) (kill func() error, published <-chan int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BAKFS_INDEX_CHILD="+dir, "BAKFS_INDEX_FIRST="+strconv.Itoa(first))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := make(chan int, 10_000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			if n, err := strconv.Atoi(s.Text()); err == nil {
				lines <- n
			}
		}
	}()
	return func() error {
		err := cmd.Process.Kill()
		for range lines {
			// until the pipe is closed
		}
		_ = cmd.Wait() // says that it was killed
		return err
	}, lines
}

// A process killed at any moment leaves everything it had published, and no file that stays for ever.
func TestKilledProcessLosesNothingPublished(t *testing.T) {
	dir := t.TempDir()
	next := 0
	var last []int
	for round := range 12 {
		kill, published := startChild(t, dir, next)
		n, ok := <-published
		for i := 0; ok && i < round; i++ {
			n, ok = <-published
		}
		if !ok {
			t.Fatal("the other process ended by itself")
		}
		time.Sleep(time.Duration(round*round) * time.Millisecond / 2) // any moment will do
		check(t, kill())
		last = append(last, next, n)
		next = n + 1001
		x := open(t, dir)
		for i := 0; i < len(last); i += 2 {
			for n := last[i]; n <= last[i+1]; n += 1 + (last[i+1]-last[i])/4 {
				expect(t, x, n, childPack, true)
			}
			expect(t, x, last[i+1], childPack, true)
		}
		if x.Dropped() != 0 || len(files(t, dir, temporary)) != 0 {
			t.Error(x.Dropped(), files(t, dir, ""))
		}
		check(t, x.Close())
	}
}

// While one process publishes and merges, another that has its own segments open finds all that it ever found.
func TestReadingWhileAnotherProcessPublishes(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, childPack)
	check(t, x.Publish())
	kill, published := startChild(t, dir, 2)
	defer kill()
	for range 25 {
		n, ok := <-published
		if !ok {
			t.Fatal("the other process ended by itself")
		}
		expect(t, x, 0, childPack, true)
		check(t, x.Refresh())
		expect(t, x, n, childPack, true)
		expect(t, x, 2+(n-2)/2, childPack, true)
		add(t, x, 100_000+n, 20) // this one publishes and merges too
		check(t, x.Publish())
		expect(t, x, 100_000+n, 20, true)
	}
	if x.Dropped() != 0 {
		t.Error("dropped", x.Dropped())
	}
}

func TestFileBeingWrittenIsKeptWhileItsWriterLives(t *testing.T) {
	dir := t.TempDir()
	w, err := newFile(dir)
	check(t, err)
	check(t, os.WriteFile(dir+"/"+temporary+"dead.db", []byte("left by a crash"), 0o600))
	open(t, dir)
	check(t, Remove(dir))
	if list := files(t, dir, temporary); len(list) != 1 || list[0] != w.path {
		t.Fatal(list)
	}
	check(t, w.close())
	open(t, dir)
	if list := files(t, dir, temporary); len(list) != 0 {
		t.Fatal(list)
	}
}

func TestAddedIsSeenElsewhereAfterPublishAndRefresh(t *testing.T) {
	dir := t.TempDir()
	x, y := open(t, dir), open(t, dir)
	add(t, x, 0, 10)
	check(t, y.Refresh())
	expect(t, y, 0, 10, false)
	expect(t, x, 0, 10, true)
	check(t, x.Publish())
	expect(t, y, 0, 10, false)
	check(t, y.Refresh())
	expect(t, y, 0, 10, true)
}

func TestTableIsPublishedWhenItIsLarge(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, tableEntries)
	if len(files(t, dir, "seg-")) != 1 || !x.table.empty() {
		t.Fatal(files(t, dir, ""))
	}
}

func TestMergedSegmentStaysReadableElsewhere(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, 200)
	check(t, x.Publish())
	y := open(t, dir)
	old := files(t, dir, "seg-")[0]
	add(t, x, 1, 200)
	check(t, x.Publish())
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("not merged:", err)
	}
	expect(t, y, 0, 200, true)
	check(t, y.Refresh())
	expect(t, y, 0, 200, true)
	expect(t, y, 1, 200, true)
}

func TestWhoCannotMergePublishesAlone(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, 100)
	check(t, x.Publish())
	lock, err := tryLock(dir)
	check(t, err)
	add(t, x, 1, 100)
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 2 {
		t.Fatal(n)
	}
	check(t, lock.Close())
	add(t, x, 2, 100)
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 1 {
		t.Fatal(n)
	}
	for n := range 3 {
		expect(t, x, n, 100, true)
	}
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, 100)
	check(t, x.Publish())
	check(t, Remove(dir))
	if list := files(t, dir, "seg-"); len(list) != 0 {
		t.Fatal(list)
	}
	expect(t, x, 0, 100, true)
	check(t, x.Refresh())
	expect(t, x, 0, 100, false)
	check(t, Remove(dir+"/none"))
}

// Many goroutines of one process on two indexes; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	indexes := []*Index{open(t, dir), open(t, dir)}
	const writers, rounds, per = 2, 12, 40
	var wait sync.WaitGroup
	fail := make(chan error, 100)
	for w := range writers {
		wait.Go(func() {
			x := indexes[w]
			for i := range rounds {
				n := w*rounds + i
				err := x.Add(testPack(n, n%3 == 0), testEntries(n*per, per))
				if i%3 == 2 {
					err = errors.Join(err, x.Publish(), x.Refresh())
				}
				for _, e := range testEntries(n*per, per) {
					if p, ok, e2 := x.Find(e.ID); e2 != nil || !ok || p.Pack != packName(n) {
						err = errors.Join(err, e2, fmt.Errorf("%v %v", p, ok))
					}
				}
				if err != nil {
					fail <- err
					return
				}
			}
		})
	}
	for r := range 3 {
		wait.Go(func() {
			for i := range 2000 {
				if _, _, err := indexes[i%2].Find(chunkName((i * (r + 1)) % (writers * rounds * per))); err != nil {
					fail <- err
					return
				}
				if i%500 == 0 {
					for _, err := range indexes[i%2].Packs() {
						if err != nil {
							fail <- err
							return
						}
					}
				}
			}
		})
	}
	wait.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	for _, x := range indexes {
		check(t, x.Publish())
	}
	for _, x := range indexes {
		check(t, x.Refresh())
		for n := range writers * rounds {
			expect(t, x, n, per, true)
		}
		if x.Dropped() != 0 {
			t.Error("dropped", x.Dropped())
		}
	}
}
