package resources

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// AnnotationRecord names the annotation of the credentials Secret that has the twin's Record.
const AnnotationRecord = v1.Group + "/record"

// RecordVersion is the version of the Record's format.
const RecordVersion = 1

// Record is what decides about a twin's objects and no other object shows. It lies
// on the credentials Secret, which outlives the twin's status and, under
// deletionPolicy: Retain, the twin. An entry names the object of which it is true by
// its UID, and does not count for another.
type Record struct {
	Version int `json:"version"`
	// Pins are the operator's choices of images that the twin keeps; nil before it has
	// any.
	Pins *v1.PinnedImages `json:"pins,omitempty"`
	// Ran is of the twin: pods of another twin of this name are gone.
	Ran Ran `json:"ran"`
	// Finished is of the volume of the stream, or of the twin if the stream is
	// external: a new stream has to be published again.
	Finished *FinishedReplay `json:"finished,omitempty"`
	// Restored is of the volume of the database: a new volume is empty.
	Restored *Restored `json:"restored,omitempty"`
	// Backup is what became of backups, and the newest request that was carried out.
	// Jobs that show it come and go. Nil for none.
	Backup *v1.BackupStatus `json:"backup,omitempty"`
}

// Ran is how the pods of a twin came up.
type Ran struct {
	Of types.UID `json:"of"`
	// Images with which all pods of a component came up last, by component.
	Images map[string]string `json:"images,omitempty"`
	// KafkaHelper is the image with which the helper beside each broker came up last.
	KafkaHelper string `json:"kafkaHelper,omitempty"`
	// Restarts are the newest requests for restarts, by component.
	Restarts map[string]v1.Instant `json:"restarts,omitempty"`
}

// FinishedReplay is a replay that has ended.
type FinishedReplay struct {
	Of    types.UID `json:"of"`
	Reads string    `json:"reads"` // hash of what the generator read
}

// Restored is the restore that a database starts from.
type Restored struct {
	Of types.UID `json:"of"`
	v1.RestoreStatus
}

// ParseRecord reads the annotation. Another version is an error.
func ParseRecord(doc string) (Record, error) {
	var out Record
	if err := json.Unmarshal([]byte(doc), &out); err != nil {
		return Record{}, fmt.Errorf("annotation %s: %w", AnnotationRecord, err)
	}
	if out.Version != RecordVersion {
		return Record{}, fmt.Errorf("annotation %s: version %d is not %d, which this operator reads", AnnotationRecord, out.Version, RecordVersion)
	}
	return out, nil
}

// RunningImages are the images that the components of a twin ran last; "" of one
// that never ran.
func (r *Record) RunningImages() Images {
	var out Images
	for _, slot := range slots(&v1.DigitalTwinSpec{}) {
		*slot.of(&out) = r.Ran.Images[slot.component]
	}
	return out
}
