package view

import (
	"cmp"
	"context"
	iofs "io/fs"
	"path"
	"strings"
	"time"

	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/vcard"
)

// mediaFolders are the folders of a conversation that hold files as they were sent.
var mediaFolders = []string{"media", "voice", "files", "stickers"}

// conversations is a folder with a folder for each conversation. Former names are
// links there which are not listed.
func (a *account) conversations(place key, last time.Time, make func(ctx context.Context, place key, c *history.Conversation) (*dir, error)) *dir {
	d := a.folder(place, last, func(ctx context.Context) ([]child, error) {
		list, err := a.h.Conversations(ctx)
		if err != nil {
			return nil, err
		}
		all := []child{}
		for _, c := range list {
			sub, err := make(ctx, place.with(c.Key, c.Folder), c)
			if err != nil {
				return nil, err
			}
			if sub != nil {
				all = append(all, child{c.Folder, sub})
			}
		}
		return all, nil
	})
	d.look = func(ctx context.Context, name string) (node, error) {
		c, current, err := a.h.Find(ctx, name)
		if err != nil || current {
			return nil, cmp.Or(err, iofs.ErrNotExist)
		}
		return &link{ino: place.with("old", c.Key, name).number(), target: c.Folder, mtime: a.lastOf(c)}, nil
	}
	return d
}

// chats is the folder chats/.
func (a *account) chats(place key, last time.Time) node {
	return a.conversations(place, last, a.conversation)
}

// conversation is the folder of one conversation. All its folders are always
// there, though some may be empty: to know which are would be to read it all.
func (a *account) conversation(ctx context.Context, where key, c *history.Conversation) (*dir, error) {
	return a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		all := []child{
			{"web", a.web(where.with("web"), c)},
			{"text", a.text(where.with("text"), c)},
			{"json", a.json(where.with("json"), c)},
			{"contacts", a.cards(where.with("contacts"), c)},
			{"info.txt", a.page(where.with("info.txt"), a.newest(), func(ctx context.Context) ([]byte, error) { return a.renderInfo(ctx, c) })},
		}
		for _, kind := range mediaFolders {
			all = append(all, child{kind, a.filesOf(where.with(kind), c, kind)})
		}
		if c.Form == chat.Direct && c.Person != nil {
			all = append(all, child{"contact.vcf", a.page(where.with("contact.vcf"), a.newest(), func(context.Context) ([]byte, error) {
				return vcard.AppendPerson(nil, c.Person), nil
			})})
		}
		picture, err := a.avatar(ctx, c)
		return append(a.o.kept("chats/", all), picture...), err
	}), nil
}

// filesOf is a folder of files that were sent in a conversation.
func (a *account) filesOf(where key, c *history.Conversation, kind string) node {
	return a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		pieces, err := a.pieces(ctx, c)
		if err != nil {
			return nil, err
		}
		all, have := []child{}, map[string]bool{}
		lost, err := a.digests(ctx, pieces, func(_ piece, d *digest) error {
			for _, f := range d.files {
				base, ok := strings.CutPrefix(f.path, kind+"/")
				if !ok || have[base] {
					continue
				}
				have[base] = true
				n, err := a.stored(ctx, c, f)
				if err != nil {
					return err
				}
				all = append(all, child{base, n})
			}
			return nil
		})
		return append(all, lost...), err
	})
}

// stored is an attachment, wherever it is shown.
func (a *account) stored(ctx context.Context, c *history.Conversation, f attachment) (*stored, error) {
	links := 1
	if inAllMedia(f.path) {
		links++
	}
	if f.gone && inAllMedia(f.path) {
		links++
	}
	place, err := a.place(ctx, "file", c.Key, c.Folder, f.path, f.hash, string(rune('0'+links)))
	if err != nil {
		return nil, err
	}
	return &stored{
		size: f.size, ino: place.number(), links: links, mtime: f.sent.Time(),
		bytes:  func(ctx context.Context) (reader, error) { return a.h.File(ctx, f.hash) },
		xattrs: xattrsOf(c.Name, f),
	}, nil
}

// xattrsOf are the extended attributes of an attachment: where it comes from, for
// programs that go over files. Values are cut to what every file system takes.
func xattrsOf(chat string, f attachment) map[string][]byte {
	all := map[string][]byte{}
	for name, value := range map[string]string{"chat": chat, "sender": f.from, "message": f.id, "sha256": f.hash} {
		if value != "" {
			all["user.bakfs."+name] = []byte(value[:min(len(value), maxXattr)])
		}
	}
	return all
}

const maxXattr = 1 << 10

// inAllMedia reports whether the account's media/ has a file too.
func inAllMedia(p string) bool {
	kind := path.Dir(p)
	return kind == "media" || kind == "voice"
}

// cards is the folder of contacts that were sent in a conversation.
func (a *account) cards(where key, c *history.Conversation) node {
	return a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		pieces, err := a.pieces(ctx, c)
		if err != nil {
			return nil, err
		}
		all, have := []child{}, map[string]bool{}
		lost, err := a.digests(ctx, pieces, func(p piece, d *digest) error {
			for _, sent := range d.cards {
				base, ok := strings.CutPrefix(sent.path, "contacts/")
				if !ok || have[base] {
					continue
				}
				have[base] = true
				all = append(all, child{base, a.page(where.with(base), sent.sent.Time(), func(ctx context.Context) ([]byte, error) {
					messages, err := a.h.Messages(ctx, c, p.month)
					if err != nil {
						return nil, err
					}
					return vcard.AppendCard(nil, messages[sent.index].Card), nil
				})})
			}
			return nil
		})
		return append(all, lost...), err
	})
}
