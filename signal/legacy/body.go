package legacy

import (
	"encoding/hex"
	"math/big"
	"strings"

	"bakfs/signal"
)

// longText is the type of the file that has the whole of a long text.
const longText = "text/x-signal-plain"

// body returns what a message says.
func (h *History) body(d *draft) (signal.Body, error) {
	r := d.row
	by := h.x.book.resolve(r.at("deleted_by"))
	switch s := special(d.typ); {
	case by != 0 && by != d.author:
		return &signal.AdminDeletedMessage{AdminID: h.x.book.need(by)}, nil
	case by != 0 || r.bool("remote_deleted"):
		return &signal.DeletedMessage{}, nil
	case s == specialTombstone || s == specialPayment:
		return payment(r), nil
	case s == specialGift:
		m := message(unbase64(r.at("body").b))
		return &signal.GiftBadge{ReceiptCredentialPresentation: signal.NewSecret(m.text(1)), State: signal.GiftState(m.number(2))}, nil
	case r.int("parent_story_id") < 0:
		return h.storyReply(d)
	case r.int("view_once") > 0:
		v := &signal.ViewOnceMessage{Reactions: d.reacted}
		if len(d.files) > 0 {
			v.Attachment = d.files[0].attachment()
		}
		return v, nil
	}
	if poll, err := h.poll(d); poll != nil || err != nil {
		return poll, err
	}
	for _, f := range d.files {
		if f.sticker != nil && !f.quote {
			return &signal.StickerMessage{Sticker: f.sticker, Reactions: d.reacted}, nil
		}
	}
	if card := d.card(); card != nil {
		return &signal.ContactMessage{Contact: card, Reactions: d.reacted}, nil
	}
	return h.standard(d)
}

func (h *History) standard(d *draft) (signal.Body, error) {
	m := &signal.StandardMessage{Reactions: d.reacted, Quote: h.quote(d), LinkPreview: d.previews()}
	var err error
	if m.Text, err = h.text(d); err != nil {
		return nil, err
	}
	for _, f := range d.files {
		switch {
		case f.quote || f.used:
		case f.pointer.ContentType.V == longText && m.Text != nil && m.LongText == nil:
			m.LongText = f.pointer
		default:
			m.Attachments = append(m.Attachments, *f.attachment())
		}
	}
	return m, nil
}

// text returns the text of a message with its styles and mentions.
func (h *History) text(d *draft) (*signal.Text, error) {
	body := d.row.text("body")
	if body == "" {
		return nil, nil
	}
	t := &signal.Text{Body: body, BodyRanges: ranges(d.row.bytes("message_ranges"))}
	err := h.each(sideMention, d.key, depthSide, func(r *row) {
		// Somebody without an account's id cannot be named in the model.
		if id := h.x.book.aci(uint64(r.int("recipient_id"))); id.Ok {
			t.BodyRanges = append(t.BodyRanges, signal.BodyRange{
				Start: position(r.int("range_start")), Length: position(r.int("range_length")), MentionACI: id})
		}
	})
	return t, err
}

// position is a place in a text; what cannot be one is its end.
func position(n int64) uint32 {
	if n < 0 {
		return 0
	}
	return uint32(min(n, 1<<31-1))
}

// ranges reads a BodyRangeList (section D.8). Links and buttons are left out:
// the model has none.
func ranges(b []byte) (list []signal.BodyRange) {
	message(b).each(1, func(m message) {
		r := signal.BodyRange{Start: position(int64(int32(m.number(1)))), Length: position(int64(int32(m.number(2))))}
		if id := serviceID(m.text(3)); id.Ok {
			r.MentionACI = id
		} else if style, ok := m.find(4, wireVarint); ok && style.n < 1<<30 {
			r.Style = signal.Some(signal.Style(style.n + 1)) // here they count from 0
		} else {
			return
		}
		list = append(list, r)
	})
	return list
}

// quote returns what a message answers to.
func (h *History) quote(d *draft) *signal.Quote {
	r := d.row
	id := r.int("quote_id")
	if id == 0 {
		return nil
	}
	q := &signal.Quote{AuthorID: h.x.book.need(h.x.book.resolve(r.at("quote_author"))), Type: signal.QuoteTypeNormal}
	if id > 0 && !r.bool("quote_missing") {
		q.TargetSentTimestamp = signal.Some(signal.Millis(id))
	}
	switch r.int("quote_type") {
	case 1:
		q.Type = signal.QuoteTypeGiftBadge
	case 2:
		q.Type = signal.QuoteTypePoll
	}
	if body := r.text("quote_body"); body != "" {
		q.Text = &signal.Text{Body: body, BodyRanges: ranges(r.bytes("quote_mentions"))}
	}
	for _, f := range d.files {
		if f.quote {
			q.Attachments = append(q.Attachments, signal.QuotedAttachment{
				ContentType: f.pointer.ContentType, FileName: f.pointer.FileName, Thumbnail: f.attachment()})
		}
	}
	return q
}

func (h *History) storyReply(d *draft) (signal.Body, error) {
	reply := &signal.StoryReply{Reactions: d.reacted}
	if special(d.typ) == specialStory {
		reply.Emoji = signal.Some(d.row.text("body"))
		return reply, nil
	}
	text, err := h.text(d)
	if text == nil {
		text = &signal.Text{}
	}
	reply.TextReply = &signal.StoryTextReply{Text: text}
	for _, f := range d.files {
		if f.pointer.ContentType.V == longText {
			reply.TextReply.LongText = f.pointer
		}
	}
	return reply, err
}

// pico is how many of the amounts in a payment make one MOB.
var pico = big.NewInt(1_000_000_000_000)

// payment reads the tombstone of a payment (section D.8).
func payment(r *row) *signal.Payment {
	t, ok := message(r.bytes("message_extras")).sub(4)
	if !ok {
		return &signal.Payment{}
	}
	return &signal.Payment{Note: optText(t.text(1)), AmountMOB: amount(t.bytes(2)), FeeMOB: amount(t.bytes(3))}
}

// amount is a number of pico-MOB as a decimal number of MOB.
func amount(m message) signal.Opt[string] {
	money, _ := m.sub(1)
	text := money.text(1)
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || len(text) > 40 || n.Sign() < 0 {
		return signal.Opt[string]{}
	}
	whole, rest := new(big.Int).QuoRem(n, pico, new(big.Int))
	fraction := rest.String()
	fraction = strings.TrimRight(strings.Repeat("0", 12-len(fraction))+fraction, "0")
	if fraction == "" {
		return signal.Some(whole.String())
	}
	return signal.Some(whole.String() + "." + fraction)
}

// voteAdded is the state of a vote that counts; others were taken back or are
// not sent yet (section D.6).
const voteAdded = 4

// poll returns the poll that a message is, nil if it is none.
func (h *History) poll(d *draft) (signal.Body, error) {
	list := h.x.of(sidePoll, d.key)
	if len(list) == 0 {
		return nil, nil
	}
	r, err := h.x.load(list[0].at, depthSide)
	if err != nil {
		return nil, err
	}
	p := &signal.Poll{Question: r.text("question"), AllowMultiple: r.bool("allow_multiple_votes"), HasEnded: r.int("end_message_id") != 0, Reactions: d.reacted}
	err = h.options(p, mainKey(r.int("_id")))
	return p, err
}

// file is an attachment of a message.
type file struct {
	row     int64
	order   int64
	quote   bool
	used    bool // by a link preview or a contact card
	pointer *signal.FilePointer
	flag    signal.AttachmentFlag
	have    bool
	sticker *signal.Sticker
}

func (f *file) attachment() *signal.Attachment {
	return &signal.Attachment{Pointer: f.pointer, Flag: f.flag, WasDownloaded: f.have}
}

// file reads a row of the table of attachments.
func (h *History) file(r *row) file {
	p := &signal.FilePointer{ContentType: r.opt("content_type"), FileName: r.opt("file_name"), Caption: r.opt("caption"),
		BlurHash: r.opt("blur_hash"), Width: dimension(r.int("width")), Height: dimension(r.int("height")),
		Locator: &signal.Locator{Size: uint32(min(max(r.int("data_size"), 0), 1<<32-1))}}
	f := file{row: r.int("_id"), order: r.int("display_order"), quote: r.bool("quote"), pointer: p, have: r.int("transfer_state") == 0}
	switch {
	case r.bool("voice_note"):
		f.flag = signal.AttachmentFlagVoiceMessage
	case r.bool("borderless"):
		f.flag = signal.AttachmentFlagBorderless
	case r.bool("video_gif"):
		f.flag = signal.AttachmentFlagGif
	}
	blob, ok := h.x.blobs[blobKey{uint64(f.row), uint64(r.int("unique_id"))}]
	if !ok {
		blob, ok = h.x.blobs[blobKey{uint64(f.row), 0}]
	}
	if ok && blob < len(h.media) && h.media[blob].Size >= 0 {
		m := h.media[blob]
		p.Locator.PlaintextHash = signal.Some(signal.Bytes(m.Hash[:]))
		p.Locator.Size = uint32(m.Size)
	}
	if id, err := hex.DecodeString(r.text("sticker_pack_id")); err == nil && len(id) > 0 {
		key, _ := hex.DecodeString(r.text("sticker_pack_key"))
		f.sticker = &signal.Sticker{PackID: signal.Bytes(id), PackKey: signal.NewSecret(string(key)),
			StickerID: position(r.int("sticker_id")), Emoji: r.opt("sticker_emoji"), Data: p}
	}
	return f
}

func dimension(n int64) signal.Opt[uint32] {
	if n <= 0 || n > 1<<31 {
		return signal.Opt[uint32]{}
	}
	return signal.Some(uint32(n))
}
