package fs

import (
	"os"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// An attempt is a system call that would change something.
type attempt struct {
	what      string
	got, want error
}

func refused(t *testing.T, at string, all []attempt) {
	t.Helper()
	for _, c := range all {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if got := contents(at + "/f"); got != "data" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestNothingCanBeWrittenByPath(t *testing.T) {
	at, _ := mount(t, tree(dir(items{"f": file("data"), "d": dir(nil), "l": link("f")})), Options{})
	f, d := at+"/f", at+"/d"
	open := func(path string, flags int) error {
		fd, err := unix.Open(path, flags, 0o600)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	now := []unix.Timespec{{Sec: 1}, {Sec: 1}}
	refused(t, at, []attempt{
		{"open for write", open(f, unix.O_WRONLY), unix.EROFS},
		{"open for read and write", open(f, unix.O_RDWR), unix.EROFS},
		{"truncating open", open(f, unix.O_RDONLY|unix.O_TRUNC), unix.EROFS},
		{"create", open(at+"/new", unix.O_WRONLY|unix.O_CREAT), unix.EROFS},
		{"tmpfile", open(d, unix.O_WRONLY|unix.O_TMPFILE), unix.EROFS},
		{"mkdir", unix.Mkdir(d+"/new", 0o700), unix.EROFS},
		{"mknod", unix.Mknod(d+"/new", unix.S_IFIFO|0o600, 0), unix.EROFS},
		{"symlink", unix.Symlink("x", d+"/new"), unix.EROFS},
		{"link", unix.Link(f, d+"/new"), unix.EROFS},
		{"unlink", unix.Unlink(f), unix.EROFS},
		{"rmdir", unix.Rmdir(d), unix.EROFS},
		{"rename", unix.Rename(f, d+"/new"), unix.EROFS},
		{"chmod", unix.Chmod(f, 0o600), unix.EROFS},
		{"chown", unix.Lchown(at+"/l", 1, 1), unix.EROFS},
		{"truncate", unix.Truncate(f, 0), unix.EROFS},
		{"utimensat", unix.UtimesNanoAt(unix.AT_FDCWD, f, now, 0), unix.EROFS},
		{"setxattr", unix.Setxattr(f, "user.x", []byte("x"), 0), unix.EROFS},
		{"set an ACL", unix.Setxattr(f, "system.posix_acl_access", []byte{2, 0, 0, 0}, 0), unix.EROFS},
		{"removexattr", unix.Removexattr(f, "user.x"), unix.EROFS},
		{"access W_OK, file", unix.Access(f, unix.W_OK), unix.EROFS},
		{"access W_OK, directory", unix.Access(d, unix.W_OK), unix.EROFS},
		{"access X_OK", unix.Access(f, unix.X_OK), unix.EACCES},
		{"access R_OK", unix.Access(f, unix.R_OK), nil},
	})
}

// A descriptor can only be open for reading, so the kernel refuses some calls for
// that before it thinks of the file system.
func TestNothingCanBeWrittenByDescriptor(t *testing.T) {
	at, _ := mount(t, tree(dir(items{"f": file("data")})), Options{})
	fd, err := unix.Open(at+"/f", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	other, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, copied := unix.CopyFileRange(int(other.Fd()), nil, fd, nil, 1, 0)
	_, written := unix.Write(fd, []byte("x"))
	_, mapped := unix.Mmap(fd, 0, 4, unix.PROT_WRITE, unix.MAP_SHARED)
	refused(t, at, []attempt{
		{"fchmod", unix.Fchmod(fd, 0o600), unix.EROFS},
		{"fchown", unix.Fchown(fd, 1, 1), unix.EROFS},
		{"fsetxattr", unix.Fsetxattr(fd, "user.x", []byte("x"), 0), unix.EROFS},
		{"ftruncate", unix.Ftruncate(fd, 0), unix.EINVAL},
		{"fallocate", unix.Fallocate(fd, 0, 0, 10), unix.EBADF},
		{"punch a hole", unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4), unix.EBADF},
		{"copy_file_range", copied, unix.EBADF},
		{"write", written, unix.EBADF},
		{"shared mapping", mapped, unix.EACCES},
		{"fsync", unix.Fsync(fd), nil},
	})
}

// The handlers refuse by themselves: the kernel's flag is not all there is.
func TestHandlersRefuseToWrite(t *testing.T) {
	b := newBridge(tree(dir(nil)), Options{})
	h := &fuse.InHeader{NodeId: rootID}
	var e fuse.EntryOut
	got := map[string]fuse.Status{
		"setattr": b.SetAttr(nil, &fuse.SetAttrIn{}, &fuse.AttrOut{}), "mknod": b.Mknod(nil, &fuse.MknodIn{}, "n", &e),
		"mkdir": b.Mkdir(nil, &fuse.MkdirIn{}, "n", &e), "unlink": b.Unlink(nil, h, "n"), "rmdir": b.Rmdir(nil, h, "n"),
		"rename": b.Rename(nil, &fuse.RenameIn{}, "n", "m"), "link": b.Link(nil, &fuse.LinkIn{}, "n", &e),
		"symlink": b.Symlink(nil, h, "n", "m", &e), "setxattr": b.SetXAttr(nil, &fuse.SetXAttrIn{}, "n", nil),
		"removexattr": b.RemoveXAttr(nil, h, "n"), "create": b.Create(nil, &fuse.CreateIn{}, "n", &fuse.CreateOut{}),
		"tmpfile": b.Tmpfile(nil, &fuse.CreateIn{}, &fuse.CreateOut{}), "fallocate": b.Fallocate(nil, &fuse.FallocateIn{}),
		"open": b.Open(nil, &fuse.OpenIn{Flags: syscall.O_RDWR}, &fuse.OpenOut{}),
	}
	_, got["write"] = b.Write(nil, &fuse.WriteIn{}, []byte("x"))
	_, got["writev"] = b.Writev(nil, &fuse.WriteIn{}, nil)
	_, got["copy"] = b.CopyFileRange(nil, &fuse.CopyFileRangeIn{})
	for what, status := range got {
		if status != fuse.EROFS {
			t.Errorf("%s: %v", what, status)
		}
	}
}
