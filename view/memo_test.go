package view

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMemoComputesOnceForAll(t *testing.T) {
	m := newMemo[int](100)
	var calls atomic.Int32
	begun, release := make(chan struct{}), make(chan struct{})
	compute := func(context.Context) (int, int64, error) {
		calls.Add(1)
		close(begun)
		<-release
		return 7, 1, nil
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if v, err := m.get(t.Context(), newKey("a"), compute); v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		})
	}
	<-begun
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.get(impatient, newKey("a"), compute); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
	all.Wait()
	if v, ok := m.peek(newKey("a")); !ok || v != 7 || calls.Load() != 1 {
		t.Errorf("%d, %v after %d calls", v, ok, calls.Load())
	}
}

// One that gives up does not end what others wait for; the last one does.
func TestMemoEndsWhatNobodyWaitsFor(t *testing.T) {
	m := newMemo[int](100)
	begun, ended := make(chan struct{}), make(chan struct{})
	first, giveUpFirst := context.WithCancel(t.Context())
	second, giveUpSecond := context.WithCancel(t.Context())
	compute := func(ctx context.Context) (int, int64, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return 0, 0, ctx.Err()
	}
	errs := make(chan error, 2)
	go func() { _, err := m.get(first, newKey("a"), compute); errs <- err }()
	<-begun
	go func() { _, err := m.get(second, newKey("a"), compute); errs <- err }()
	for waiting := 0; waiting < 2; {
		m.mu.Lock()
		waiting = m.running[newKey("a")].waiters
		m.mu.Unlock()
	}
	giveUpFirst()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-ended:
		t.Error("ended although somebody waits")
	default:
	}
	giveUpSecond()
	<-errs
	<-ended
	v, err := m.get(t.Context(), newKey("a"), func(context.Context) (int, int64, error) { return 3, 1, nil })
	if v != 3 || err != nil {
		t.Errorf("anew: %d, %v", v, err)
	}
}

func TestMemoDropsWhatWasNotUsed(t *testing.T) {
	m := newMemo[string](10)
	put := func(name string, cost int64) {
		if _, err := m.get(t.Context(), newKey(name), func(context.Context) (string, int64, error) { return name, cost, nil }); err != nil {
			t.Error(err)
		}
	}
	put("a", 4)
	put("b", 4)
	m.peek(newKey("a"))
	put("c", 4)
	kept := func(want string) {
		t.Helper()
		got := ""
		for _, name := range []string{"a", "b", "c", "huge"} {
			if _, ok := m.peek(newKey(name)); ok {
				got += name
			}
		}
		if got != want {
			t.Errorf("%q are kept, want %q", got, want)
		}
	}
	kept("ac")
	put("huge", 11)
	kept("huge")
	put("a", 4)
	kept("a")
	if m.used != 4 || len(m.kept) != m.order.Len() {
		t.Errorf("%d used, %d and %d kept", m.used, len(m.kept), m.order.Len())
	}
}

func TestMemoErrorsAndPanicsAreNotKept(t *testing.T) {
	m := newMemo[int](10)
	_, err := m.get(t.Context(), newKey("a"), func(context.Context) (int, int64, error) { panic("ouch") })
	if err == nil || !strings.Contains(err.Error(), "ouch") {
		t.Error(err)
	}
	if v, err := m.get(t.Context(), newKey("a"), func(context.Context) (int, int64, error) { return 1, 1, nil }); v != 1 || err != nil {
		t.Error(v, err)
	}
}

func TestKeysOfDifferentPartsDiffer(t *testing.T) {
	if newKey("ab", "c") == newKey("a", "bc") || newKey("a") == newKey("a", "") {
		t.Error("equal keys")
	}
}
