package memo

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func constant(v, cost int) func(context.Context) (int, int64, error) {
	return func(context.Context) (int, int64, error) { return v, int64(cost), nil }
}

func TestValuesUsedLastAreKept(t *testing.T) {
	m, ctx := New[string, int](10), context.Background()
	for i, k := range []string{"a", "b"} {
		m.Get(ctx, k, constant(i, 5))
	}
	m.Get(ctx, "a", constant(7, 5)) // kept: used
	m.Get(ctx, "c", constant(2, 5)) // drops b
	for k, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok := m.Peek(k); ok != want {
			t.Errorf("%s is kept: %v", k, ok)
		}
	}
	if v, _ := m.Peek("a"); v != 0 {
		t.Errorf("a was computed again: %d", v)
	}
	m.Get(ctx, "large", constant(9, 1000))
	if v, ok := m.Peek("large"); !ok || v != 9 {
		t.Error("the newest is not kept")
	}
	m.Get(ctx, "d", constant(3, 1))
	if _, ok := m.Peek("large"); ok || m.used != 1 {
		t.Errorf("what is too large stayed: %d used", m.used)
	}
	m.Put("d", 4, 2)
	if v, _ := m.Peek("d"); v != 4 || m.used != 2 {
		t.Errorf("put: %d, %d used", v, m.used)
	}
}

func TestErrorsAndPanicsAreNotKept(t *testing.T) {
	m, ctx, broken := New[int, int](10), context.Background(), errors.New("broken")
	if _, err := m.Get(ctx, 1, func(context.Context) (int, int64, error) { return 0, 1, broken }); err != broken {
		t.Fatal(err)
	}
	if _, err := m.Get(ctx, 1, func(context.Context) (int, int64, error) { panic("lost") }); err == nil || !strings.Contains(err.Error(), "panic: lost") {
		t.Fatal(err)
	}
	if v, err := m.Get(ctx, 1, constant(5, 1)); v != 5 || err != nil {
		t.Fatal(v, err)
	}
}

func TestOneComputesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, n, open := New[int, int](10), 0, make(chan struct{})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				v, err := m.Get(context.Background(), 1, func(context.Context) (int, int64, error) {
					n++
					<-open
					return 7, 1, nil
				})
				if v != 7 || err != nil {
					t.Error(v, err)
				}
			})
		}
		synctest.Wait()
		close(open)
		all.Wait()
		if n != 1 {
			t.Errorf("computed %d times", n)
		}
	})
}

// Who leaves returns at once. If the one who leaves was computing, another of those
// who wait begins anew.
func TestWhoLeavesHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, n, open := New[int, int](10), 0, make(chan struct{})
		compute := func(ctx context.Context) (int, int64, error) {
			n++
			select {
			case <-open:
				return n, 1, nil
			case <-ctx.Done():
				return 0, 0, ctx.Err()
			}
		}
		ask := func() (leave func(), answer chan error) {
			ctx, cancel := context.WithCancel(t.Context())
			answer = make(chan error, 1)
			go func() {
				v, err := m.Get(ctx, 1, compute)
				if err == nil && v != 2 {
					err = errors.New("of the first try")
				}
				answer <- err
			}()
			synctest.Wait()
			return cancel, answer
		}
		leaveFirst, first := ask()
		leaveSecond, second := ask()
		_, third := ask()
		_, fourth := ask()
		leaveSecond()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Error("one who waited:", err)
		}
		leaveFirst()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Error("the one who computed:", err)
		}
		synctest.Wait()
		if n != 2 {
			t.Errorf("begun %d times", n)
		}
		close(open)
		if err := errors.Join(<-third, <-fourth); err != nil {
			t.Error(err)
		}
	})
}
