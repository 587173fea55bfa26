package signal

// A SendStatus is what became of a sent message at one addressee.
type SendStatus struct {
	RecipientID uint64   // a contact, or the owner
	Timestamp   Millis   // of the last change; may be 0
	Delivery    Delivery // the state
	// with DeliverySent to DeliveryViewed: the server did not learn who sent it
	SealedSender bool
	Failure      SendFailure // with DeliveryFailed: why
	Detail       Unknown     // unknown fields of the state
	Unknown      Unknown     // fields that this package does not know
}

// A Delivery is the state of a sent message, in the order in which it advances.
type Delivery int32

// The values of Delivery. DeliveryUnknown is a state that a newer app added.
const (
	DeliveryUnknown   Delivery = iota
	DeliveryPending            // not sent yet
	DeliverySent               // at the server
	DeliveryDelivered          // at the addressee's device
	DeliveryRead
	DeliveryViewed // media or voice was played
	DeliverySkipped
	DeliveryFailed
)

var deliveryNames = []string{"", "pending", "sent", "delivered", "read", "viewed", "skipped", "failed"}

// String returns the name that the format has for v.
func (v Delivery) String() string { return enumName(int32(v), deliveryNames) }

func (m *SendStatus) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "recipientId", &m.RecipientID)
	number(c, 2, "timestamp", &m.Timestamp)
	for d := DeliveryPending; d <= DeliveryFailed; d++ {
		variant(c, uint32(d)+2, deliveryNames[d], (*sendDetail)(m), d)
	}
}

// sendDetail is the message that states the delivery.
type sendDetail SendStatus

func (m *sendDetail) kind() *Delivery { return &m.Delivery }

func (m *sendDetail) fields(c *coder) {
	c.begin(&m.Detail)
	switch m.Delivery {
	case DeliverySent, DeliveryDelivered, DeliveryRead, DeliveryViewed:
		flag(c, 1, "sealedSender", &m.SealedSender)
	case DeliveryFailed:
		enum(c, 1, "reason", &m.Failure, sendFailureNames)
	}
}

// A SendFailure says why a message was not sent. 0 is an ordinary value here.
type SendFailure int32

// The values of SendFailure. Others come from newer apps.
const (
	SendFailureUnknown SendFailure = iota
	SendFailureNetwork
	SendFailureIdentityKeyMismatch
)

var sendFailureNames = []string{"UNKNOWN", "NETWORK", "IDENTITY_KEY_MISMATCH"}

// String returns the name that the format has for v, or its number.
func (v SendFailure) String() string { return enumName(int32(v), sendFailureNames) }
