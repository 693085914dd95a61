// Package webhook defines what is kept of webhooks: their settings, how they are doing, and
// the messages that wait for their receivers.
package webhook

import (
	"time"

	"github.com/google/uuid"
)

// Version is a state of a webhook's settings, as the database keeps it. Of the versions of a
// webhook the greatest counts.
type Version struct {
	ID      uuid.UUID
	Number  int // from 1
	By      string
	At      time.Time // of the change
	Deleted bool      // the webhook ends with this version
	Sealed  []byte    // Settings, see Vault
}

// Settings are what a person sets of a webhook, and its secrets.
type Settings struct {
	Name      string    `json:"name"`
	URL       string    `json:"url"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"` // name of an API key

	// Kinds, Groups and Meters select events, as those of the stream do; none: all.
	Kinds  []string `json:"kinds,omitempty"`
	Groups []string `json:"groups,omitempty"`
	Meters []string `json:"meters,omitempty"`

	Secret       []byte    `json:"secret"`                // signs messages
	Before       []byte    `json:"before,omitempty"`      // the secret before a rotation, which signs too
	BeforeEndsAt time.Time `json:"beforeEndsAt,omitzero"` // until then
}

// Webhook is a webhook with its settings in the open.
type Webhook struct {
	ID      uuid.UUID
	Version int
	By      string // who changed it last
	At      time.Time
	Settings
}

// Why a webhook is off.
const (
	OffByUser  = "user"    // somebody turned it off
	OffFailing = "failing" // nothing was delivered for as long as the twin's specification allows
	OffGone    = "gone"    // its receiver answered 410
)

// State is how a webhook is doing.
type State struct {
	OffSince      time.Time // zero: it is on
	OffWhy        string
	FailingSince  time.Time // of the first failed attempt since the last delivery; zero: none
	Failures      int       // failed attempts since the last delivery
	NextAt        time.Time // before it nothing is tried; zero or past: now
	LastDelivered time.Time // zero: never
	Dropped       int64     // events that found no room, ever
	ResetDue      bool      // events are missing, and the receiver has not been sent a reset yet
	Pending       int       // messages that wait
	PendingBytes  int64     // of their bodies
}

// Message is what a receiver is sent in one request. Neither its id nor its body changes
// between attempts.
type Message struct {
	Webhook   uuid.UUID
	ID        string
	CreatedAt time.Time
	Type      string // of the message: see its body
	Events    int    // in it
	Body      []byte
	Seal      []byte // see Vault

	Attempts  int       // so far
	FirstAt   time.Time // of the first attempt; zero: none
	NextAt    time.Time // of the next one; zero: none follows
	DoneAt    time.Time // when it was delivered or given up; zero: neither
	Delivered bool
	Tries     []Try // the newest, at most MostTries, in order
}

// MostTries is how many attempts of a message are kept.
const MostTries = 20

// Try is an attempt to deliver a message.
type Try struct {
	At     time.Time `json:"at"`
	Millis int64     `json:"millis"`           // it took
	Status int       `json:"status,omitempty"` // of HTTP; 0: there was no answer
	Error  string    `json:"error,omitempty"`  // "" for one that was delivered
}

// Batch is what becomes of a stretch of the live stream.
type Batch struct {
	From, To []string // positions before and behind it, by partition
	Messages []Message
	Dropped  map[uuid.UUID]int // events by webhook that found no room
	Reset    []uuid.UUID       // webhooks whose reset is among the messages
}

// Outcome is what an attempt leads to.
type Outcome struct {
	Try
	Delivered    bool
	RetryMessage time.Duration // until the next attempt of the message
	RetryWebhook time.Duration // until the next attempt of any message
	GiveUp       time.Duration // after the first attempt, or the first failure of the webhook
	Gone         bool          // the receiver wants nothing any more
}
