package signal

// A Poll is a poll.
type Poll struct {
	Question      string // validator allows 1-200 grapheme clusters
	AllowMultiple bool
	Options       []PollOption // at least two
	HasEnded      bool
	Reactions     []Reaction
	Unknown       Unknown // fields that this package does not know
}

func (m *Poll) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "question", &m.Question)
	flag(c, 2, "allowMultiple", &m.AllowMultiple)
	subs(c, 3, "options", &m.Options)
	flag(c, 4, "hasEnded", &m.HasEnded)
	subs(c, 5, "reactions", &m.Reactions)
}

// A PollOption is one choice of a poll.
type PollOption struct {
	Option  string     // 1-100 grapheme clusters
	Votes   []PollVote // at most one per voter (and per poll if not allowMultiple)
	Unknown Unknown    // fields that this package does not know
}

func (m *PollOption) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "option", &m.Option)
	subs(c, 2, "votes", &m.Votes)
}

// A PollVote is one vote.
type PollVote struct {
	VoterID   uint64  // Contact or Self recipient id
	VoteCount uint32  // a revision counter (how often this voter has voted), not a weight
	Unknown   Unknown // fields that this package does not know
}

func (m *PollVote) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "voterId", &m.VoterID)
	number32(c, 2, "voteCount", &m.VoteCount)
}

// A GiftBadge is a donation made as a gift.
type GiftBadge struct {
	ReceiptCredentialPresentation Secret // opaque
	State                         GiftState
	Unknown                       Unknown // fields that this package does not know
}

func (m *GiftBadge) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "receiptCredentialPresentation", &m.ReceiptCredentialPresentation)
	enum(c, 2, "state", &m.State, giftStateNames)
}

// A Payment is a MobileCoin payment.
type Payment struct {
	AmountMOB          Opt[string] // decimal string, MOB
	FeeMOB             Opt[string] // decimal string, MOB
	Note               Opt[string]
	TransactionDetails *PaymentDetails
	Unknown            Unknown // fields that this package does not know
}

func (m *Payment) fields(c *coder) {
	c.begin(&m.Unknown)
	optText(c, 1, "amountMob", &m.AmountMOB)
	optText(c, 2, "feeMob", &m.FeeMOB)
	optText(c, 3, "note", &m.Note)
	sub(c, 4, "transactionDetails", &m.TransactionDetails)
}

// PaymentDetails is a payment that went through or failed.
type PaymentDetails struct {
	Transaction       *Transaction
	FailedTransaction *FailedTransaction
	Unknown           Unknown // fields that this package does not know
}

func (m *PaymentDetails) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "transaction", &m.Transaction)
	sub(c, 2, "failedTransaction", &m.FailedTransaction)
}

// A Transaction is a payment in the ledger.
type Transaction struct {
	Status                   PaymentStatus
	MobileCoinIdentification *TransactionOutputs
	Timestamp                Opt[uint64] // ms
	BlockIndex               Opt[uint64]
	BlockTimestamp           Opt[Millis] // ms
	Transaction              Opt[Secret]
	Receipt                  Opt[Secret]
	Unknown                  Unknown // fields that this package does not know
}

func (m *Transaction) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "status", &m.Status, paymentStatusNames)
	sub(c, 2, "mobileCoinIdentification", &m.MobileCoinIdentification)
	optNumber(c, 3, "timestamp", &m.Timestamp)
	optNumber(c, 4, "blockIndex", &m.BlockIndex)
	optNumber(c, 5, "blockTimestamp", &m.BlockTimestamp)
	optSecret(c, 6, "transaction", &m.Transaction)
	optSecret(c, 7, "receipt", &m.Receipt)
}

// TransactionOutputs identify a payment in the ledger.
type TransactionOutputs struct {
	PublicKey []Bytes // set for received payments
	KeyImages []Bytes // set for sent payments
	Unknown   Unknown // fields that this package does not know
}

func (m *TransactionOutputs) fields(c *coder) {
	c.begin(&m.Unknown)
	blobs(c, 1, "publicKey", &m.PublicKey)
	blobs(c, 2, "keyImages", &m.KeyImages)
}

// A FailedTransaction is a payment that failed.
type FailedTransaction struct {
	Reason  PaymentFailure
	Unknown Unknown // fields that this package does not know
}

func (m *FailedTransaction) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "reason", &m.Reason, paymentFailureNames)
}

// A GiftState is what became of a gift.
type GiftState int32

// The values of GiftState. Others come from newer apps.
const (
	GiftStateUnopened GiftState = iota
	GiftStateOpened
	GiftStateRedeemed
	GiftStateFailed
)

var giftStateNames = []string{"UNOPENED", "OPENED", "REDEEMED", "FAILED"}

// String returns the name that the format has for v, or its number.
func (v GiftState) String() string { return enumName(int32(v), giftStateNames) }

// A PaymentStatus is how far a payment got.
type PaymentStatus int32

// The values of PaymentStatus. Others come from newer apps.
const (
	PaymentStatusInitial PaymentStatus = iota
	PaymentStatusSubmitted
	PaymentStatusSuccessful
)

var paymentStatusNames = []string{"INITIAL", "SUBMITTED", "SUCCESSFUL"}

// String returns the name that the format has for v, or its number.
func (v PaymentStatus) String() string { return enumName(int32(v), paymentStatusNames) }

// A PaymentFailure says why a payment failed.
type PaymentFailure int32

// The values of PaymentFailure. Others come from newer apps.
const (
	PaymentFailureGeneric PaymentFailure = iota
	PaymentFailureNetwork
	PaymentFailureInsufficientFunds
)

var paymentFailureNames = []string{"GENERIC", "NETWORK", "INSUFFICIENT_FUNDS"}

// String returns the name that the format has for v, or its number.
func (v PaymentFailure) String() string { return enumName(int32(v), paymentFailureNames) }
