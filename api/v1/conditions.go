package v1

// Types of conditions, in the sense of the Kubernetes API conventions and of
// kstatus. Each carries observedGeneration.
const (
	// ConditionReady: stores and workloads are available and the schema is
	// current. It does not cover data flow. True also while Suspended or
	// Hibernated, with that reason.
	ConditionReady = "Ready"
	// ConditionReconciling is present only while the operator works towards the
	// spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present only when the operator cannot go on without a
	// change by a person, or has made no progress for spec.progressDeadline.
	ConditionStalled = "Stalled"

	ConditionKafkaReady      = "KafkaReady"      // the broker answers, topics exist
	ConditionRedisReady      = "RedisReady"      // the store answers
	ConditionTimescaleReady  = "TimescaleReady"  // the database answers
	ConditionSchemaReady     = "SchemaReady"     // all migrations have run
	ConditionWorkloadsReady  = "WorkloadsReady"  // generator or bridge, processor and api are available
	ConditionDataFlowing     = "DataFlowing"     // readings are being processed
	ConditionMonitoringReady = "MonitoringReady" // what monitoring asks for is there
	ConditionPaused          = "Paused"          // the operator leaves the twin alone
	// ConditionDataLost: the stream lost readings before they were processed. The
	// message names the range.
	ConditionDataLost = "DataLost"
	// ConditionReadingsRejected is present only while more than 1 % of the readings
	// of the last ten minutes were rejected. The message counts them by reason.
	ConditionReadingsRejected = "ReadingsRejected"
	// ConditionStorageResizeRefused: a volume's class cannot expand it. The old
	// size stays; Ready is not affected.
	ConditionStorageResizeRefused = "StorageResizeRefused"
	// ConditionEmptyGroups: no meter is in a group of processor.dsm.groups, so that
	// its limit has no effect. Ready is not affected.
	ConditionEmptyGroups = "EmptyGroups"
	// ConditionImagesProven is present, and False, only while an image that the
	// twin is to run has not been proven. The image before stays; Ready is not
	// affected.
	ConditionImagesProven = "ImagesProven"
)

// Reasons of conditions.
const (
	// Of Ready and of the components.
	ReasonAvailable     = "Available"
	ReasonWaiting       = "Waiting"       // on the way; the message names what for
	ReasonUnavailable   = "Unavailable"   // was available, is not
	ReasonSuspending    = "Suspending"    // state: Suspended, pods are still there
	ReasonSuspended     = "Suspended"     // state: Suspended
	ReasonHibernating   = "Hibernating"   // state: Hibernated, pods are still there
	ReasonHibernated    = "Hibernated"    // state: Hibernated
	ReasonDeleting      = "Deleting"      // the twin is being deleted
	ReasonExternal      = "External"      // an external store answers
	ReasonUnreachable   = "Unreachable"   // an external store does not answer
	ReasonAccessDenied  = "AccessDenied"  // an external store rejects the user
	ReasonPrepareFailed = "PrepareFailed" // topics, schema or roles could not be made
	ReasonMigrating     = "Migrating"     // migrations are running
	ReasonRestoring     = "Restoring"     // a dump is being restored
	ReasonRestoreFailed = "RestoreFailed" // the dump cannot be restored; it is tried again
	ReasonUpdating      = "Updating"      // images or settings are changing
	ReasonScaling       = "Scaling"       // the number of replicas is changing
	ReasonRescheduling  = "Rescheduling"  // pods end on request, such as by a drained node, and others take their place
	ReasonDisabled      = "Disabled"      // not asked for
	ReasonMissingCRD    = "MissingCRD"    // monitoring needs kinds that the cluster lacks
	ReasonProgressing   = "Progressing"   // of Reconciling
	ReasonFailing       = "Failing"       // of Reconciling, Ready and MonitoringReady: the cluster rejects something, which is tried again
	ReasonAnnotation    = "Annotation"    // of Paused
	ReasonClassNoResize = "ClassNoResize" // of StorageResizeRefused
	ReasonShareTooHigh  = "ShareTooHigh"  // of ReadingsRejected
	ReasonRetentionPast = "RetentionPast" // of DataLost: the stream starts after the next offset

	ReasonNoMeters = "NoMeters" // of EmptyGroups
	// Of ImagesProven.
	ReasonProving     = "Proving"     // a Job runs the image
	ReasonProofFailed = "ProofFailed" // the message gives the cause; it is tried again

	// Of DataFlowing.
	ReasonFlowing        = "Flowing"
	ReasonReplayFinished = "ReplayFinished"
	ReasonNoReadings     = "NoReadings"
	ReasonLagging        = "Lagging"
	ReasonNothingStored  = "NothingStored" // for longer than the generator's mode and speed explain

	// Of Stalled.
	ReasonInvalidSpec    = "InvalidSpec"    // the message names the field
	ReasonNameTaken      = "NameTaken"      // an object of a wanted name is not this twin's
	ReasonSecretMissing  = "SecretMissing"  // a Secret or key that the spec names
	ReasonSecretInvalid  = "SecretInvalid"  // a value in a Secret that the spec names is of no use
	ReasonDatasetMissing = "DatasetMissing" // a ConfigMap, claim or file that the spec names
	ReasonMajorUpgrade   = "MajorUpgrade"   // a PostgreSQL major change was asked for
	ReasonFixedField     = "FixedField"     // the stores or what they hold differ in a field that is fixed
	ReasonHostTaken      = "HostTaken"      // another twin has the host and path of the Ingress

	// Of Stalled and Ready: no progress for spec.progressDeadline. It ends by itself
	// when the twin makes progress again.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
)
