package legacy

import (
	"cmp"
	"slices"

	"bakfs/signal"
)

// options fills a poll with its options and the votes for them.
func (h *History) options(p *signal.Poll, poll key) error {
	type option struct {
		order int64
		key   key
		text  string
	}
	var list []option
	err := h.each(sideOption, poll, depthSide, func(r *row) {
		list = append(list, option{r.int("option_order"), mainKey(r.int("_id")), r.text("option_text")})
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b option) int { return cmp.Compare(a.order, b.order) })
	for _, o := range list {
		one := signal.PollOption{Option: o.text}
		err := h.each(sideVote, o.key, depthOption, func(r *row) {
			if r.int("vote_state") != voteAdded {
				return
			}
			voter := h.x.book.need(uint64(r.int("voter_id")))
			one.Votes = append(one.Votes, signal.PollVote{VoterID: voter, VoteCount: position(r.int("vote_count"))})
		})
		if err != nil {
			return err
		}
		p.Options = append(p.Options, one)
	}
	return nil
}
