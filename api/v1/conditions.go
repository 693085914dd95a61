package v1

// Types of conditions, in the sense of the Kubernetes API conventions and of
// kstatus. Each carries observedGeneration.
const (
	// ConditionReady: stores and workloads are available and the schema is
	// current. It says nothing about data flow. True also while Suspended or
	// Hibernated, with that reason.
	ConditionReady = "Ready"
	// ConditionReconciling is present only while the operator works towards the
	// spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present only when the operator cannot go on without a
	// change by a person.
	ConditionStalled = "Stalled"

	ConditionKafkaReady      = "KafkaReady"      // the broker answers, topics exist
	ConditionRedisReady      = "RedisReady"      // the store answers
	ConditionTimescaleReady  = "TimescaleReady"  // the database answers
	ConditionSchemaReady     = "SchemaReady"     // all migrations have run
	ConditionWorkloadsReady  = "WorkloadsReady"  // generator, processor and api are available
	ConditionDataFlowing     = "DataFlowing"     // readings are being processed
	ConditionMonitoringReady = "MonitoringReady" // what monitoring asks for is there
	ConditionPaused          = "Paused"          // the operator leaves the twin alone
	// ConditionDataLost: the stream lost readings before they were processed. The
	// message names the range.
	ConditionDataLost = "DataLost"
	// ConditionStorageResizeRefused: a volume's class cannot expand it. The old
	// size stays; Ready is not affected.
	ConditionStorageResizeRefused = "StorageResizeRefused"
)

// Reasons of conditions.
const (
	// Of Ready and of the parts.
	ReasonAvailable     = "Available"
	ReasonWaiting       = "Waiting"       // on the way; the message says for what
	ReasonUnavailable   = "Unavailable"   // was available, is not
	ReasonSuspended     = "Suspended"     // state: Suspended
	ReasonHibernated    = "Hibernated"    // state: Hibernated
	ReasonDeleting      = "Deleting"      // the twin is being deleted
	ReasonExternal      = "External"      // an external store answers
	ReasonUnreachable   = "Unreachable"   // an external store does not answer
	ReasonAccessDenied  = "AccessDenied"  // an external store refuses the user
	ReasonPrepareFailed = "PrepareFailed" // topics, schema or roles could not be made
	ReasonMigrating     = "Migrating"     // migrations are running
	ReasonRestoring     = "Restoring"     // a dump is being restored
	ReasonRestoreFailed = "RestoreFailed" // the dump cannot be restored; it is tried again
	ReasonUpdating      = "Updating"      // images or templates are moving
	ReasonDisabled      = "Disabled"      // not asked for
	ReasonMissingCRD    = "MissingCRD"    // monitoring needs kinds that the cluster lacks
	ReasonProgressing   = "Progressing"   // of Reconciling
	ReasonFailing       = "Failing"       // of Reconciling, Ready and MonitoringReady: the cluster refuses something, which is tried again
	ReasonAnnotation    = "Annotation"    // of Paused
	ReasonClassNoResize = "ClassNoResize" // of StorageResizeRefused
	ReasonRetentionPast = "RetentionPast" // of DataLost: the stream starts after the next offset

	// Of DataFlowing.
	ReasonFlowing        = "Flowing"
	ReasonReplayFinished = "ReplayFinished"
	ReasonNoReadings     = "NoReadings"
	ReasonLagging        = "Lagging"

	// Of Stalled.
	ReasonInvalidSpec    = "InvalidSpec"    // the message names the field
	ReasonNameTaken      = "NameTaken"      // an object of a wanted name is not this twin's
	ReasonSecretMissing  = "SecretMissing"  // a Secret or key that the spec names
	ReasonSecretInvalid  = "SecretInvalid"  // a value in a Secret that the spec names is of no use
	ReasonDatasetMissing = "DatasetMissing" // a ConfigMap, claim or file that the spec names
	ReasonMajorUpgrade   = "MajorUpgrade"   // a PostgreSQL major change was asked for
	ReasonFixedField     = "FixedField"     // the live store differs in a field that is fixed
)
