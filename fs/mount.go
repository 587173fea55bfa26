package fs

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// mountType is what the mount table says after "fuse.". Mounts are known by it.
const mountType = "bakfs"

// readAheadKB is how far the kernel reads ahead: one request of the largest size.
// Without root it stays at 128.
const readAheadKB = 1024

// A Server serves one mount until it is taken away, by Unmount or from outside.
type Server struct {
	dir  string
	dev  uint64 // of the mounted file system
	raw  *fuse.Server
	done chan struct{}
}

// Mount mounts tree at dir, which must satisfy [CheckMountPoint], and returns
// when it can be used. The mount stays until [Server.Unmount] or [Unmount].
func Mount(dir string, tree iofs.FS, o Options) (*Server, error) {
	return mountBridge(dir, newBridge(tree, o), o)
}

func mountBridge(dir string, b *bridge, o Options) (*Server, error) {
	if err := CheckMountPoint(dir); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("the tree to mount: %w", err)
	}
	raw, err := fuse.NewServer(b, dir, b.options(o))
	if err != nil {
		return nil, fmt.Errorf("mount %s: %s", dir, strings.TrimSpace(err.Error())) // go-fuse ends some with a newline
	}
	closeOnExec()
	s := &Server{dir: dir, raw: raw, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		var pruner sync.WaitGroup
		ended := make(chan struct{})
		pruner.Go(func() { b.prune(raw.PruneNotify, ended) })
		raw.Serve()
		close(ended)
		pruner.Wait()
	}()
	if err := s.ready(); err != nil {
		return nil, errors.Join(fmt.Errorf("mount %s: %w", dir, err), s.Unmount())
	}
	return s, nil
}

// check asks the tree for its root, so that one that cannot even do this is
// never mounted.
func (b *bridge) check() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	info, err := iofs.Lstat(b.tree, ".")
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is not a directory")
	}
	b.table.nodes[rootID].sub.Load().ino = inode(info, nil, "")
	return nil
}

// options are those of the design. Root mounts by the system call, anybody else
// through fusermount3, which takes the same words.
func (b *bridge) options(o Options) *fuse.MountOptions {
	logger := log.New(io.Discard, "", 0)
	if o.Debug {
		logger = log.New(os.Stderr, "", log.Lmicroseconds)
	}
	name := o.Name
	if name == "" {
		name = mountType
	}
	return &fuse.MountOptions{
		Options:                  []string{"ro", "nosuid", "nodev", "noexec", "default_permissions"},
		AllowOther:               o.AllowOther,
		FsName:                   name,
		Name:                     mountType,
		DirectMount:              os.Geteuid() == 0,
		DirectMountFlags:         unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC,
		MaxWrite:                 1 << 20,
		MaxBackground:            64, // many may wait for a slow cloud folder at once
		DisableSplice:            true,
		EnableSymlinkCaching:     true,
		ExplicitDataCacheControl: true,
		Debug:                    o.Debug,
		Logger:                   logger,
		PanicHandler: func(r any) fuse.Status {
			return b.fail("", fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		},
	}
}

// closeOnExec marks all descriptors of /dev/fuse: go-fuse leaves the one of a
// direct mount open to programs this one starts, and they would keep the mount
// of a dead server hanging.
func closeOnExec() {
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, e := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "/dev/fuse" {
			var fd int
			if _, err := fmt.Sscan(e.Name(), &fd); err == nil {
				unix.CloseOnExec(fd)
			}
		}
	}
}

// ready waits until the mount answers and then makes the kernel read ahead
// further, which only root may.
func (s *Server) ready() error {
	if err := s.raw.WaitMount(); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Stat(s.dir, &st); err != nil {
		return err
	}
	s.dev = st.Dev
	knob := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(st.Dev), unix.Minor(st.Dev))
	if f, err := os.OpenFile(knob, os.O_WRONLY, 0); err == nil {
		fmt.Fprint(f, readAheadKB) // slower reading is no reason to fail
		f.Close()
	}
	return nil
}

// Wait returns when the mount is gone and nothing of the server runs.
func (s *Server) Wait() { <-s.done }

// Unmount takes the mount away and waits for the server's end. A mount in use is
// detached: nobody finds it any more, and who still reads gets an error. It may
// be called again, and after the mount was taken away from outside.
func (s *Server) Unmount() error {
	for pause := time.Millisecond; ; pause *= 2 {
		select {
		case <-s.done:
			return nil
		default:
		}
		if !s.mounted() { // taken away from outside; perhaps something else is there by now
			break
		}
		err := detach(s.dir, false)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrBusy) {
			return err
		}
		if pause > 100*time.Millisecond {
			if err := s.abandon(); err != nil {
				return err
			}
			break
		}
		time.Sleep(pause) // a file just closed may count for a moment
	}
	<-s.done
	return nil
}

// mounted says whether the server's own mount is on its directory.
func (s *Server) mounted() bool {
	m, err := mountAt(s.dir)
	return err == nil && m != nil && (s.dev == 0 || m.dev == s.dev)
}

// abandon detaches a mount that is in use and ends the connection, so that the
// server ends although there are open files.
func (s *Server) abandon() error {
	abort := fmt.Sprintf("/sys/fs/fuse/connections/%d/abort", unix.Minor(s.dev))
	knob, err := os.OpenFile(abort, os.O_WRONLY, 0)
	if err == nil {
		defer knob.Close()
	}
	if err := detach(s.dir, true); err != nil {
		return err
	}
	if knob == nil {
		return nil
	}
	if _, err := knob.WriteString("1"); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		return fmt.Errorf("end %s: %w", s.dir, err)
	}
	return nil
}
