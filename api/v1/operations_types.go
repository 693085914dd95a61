package v1

// Operations are requests that are carried out once. Each is the time at which
// it was made: a later time makes it happen again, and removing it does nothing.
type Operations struct {
	// Dumps the database now, to the place of timescale.managed.backup.
	// +optional
	BackupAt Instant `json:"backupAt,omitempty"`

	// Restarts components, by name: their pods are replaced as in an update.
	// +kubebuilder:validation:MaxProperties=9
	// +kubebuilder:validation:XValidation:rule="self.all(c, c in ['kafka', 'redis', 'timescale', 'generator', 'bridge', 'processor', 'api', 'prometheus', 'grafana'])",message="write a component: kafka, redis, timescale, generator, bridge, processor, api, prometheus or grafana"
	// +optional
	RestartAt map[string]Instant `json:"restartAt,omitempty"`

	// Replaces generated passwords and keys, by their key in the credentials
	// Secret. Stores take the new ones first, then their clients.
	// +kubebuilder:validation:MaxProperties=10
	// +kubebuilder:validation:XValidation:rule="self.all(k, k in ['kafka-password', 'kafka-internal-password', 'redis-password', 'redis-live-password', 'postgres-password', 'owner-password', 'reader-password', 'api-key', 'session-secret', 'grafana-password'])",message="write a key of the twin's credentials Secret, such as redis-password or api-key"
	// +optional
	RotateAt map[string]Instant `json:"rotateAt,omitempty"`
}

// RestoreFrom is a dump that the database starts from.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.claimName) && has(self.s3))",message="write at most one of restoreFrom.claimName and restoreFrom.s3; without both, the dump is in the place of timescale.managed.backup"
type RestoreFrom struct {
	// File of the dump, such as riverside-20260101T023000Z.dump.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="write the name of a file without its folder, such as riverside-20260101T023000Z.dump"
	Dump string `json:"dump"`

	// Time of the request. A dump is restored once for each: a later time restores
	// the same dump again.
	// +optional
	At Instant `json:"at,omitempty"`

	// Claim of the volume that holds the dump, such as that of another twin's
	// backups: riverside-backup.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ClaimName string `json:"claimName,omitempty"`

	// Bucket that holds the dump.
	// +optional
	S3 *S3 `json:"s3,omitempty"`
}

// ID names one restore: the same dump at another time is another one. Where the
// dump lies is not part of it, so that a renamed bucket restores nothing.
func (r *RestoreFrom) ID() string { return r.Dump + "@" + string(r.At) }

// RestoreStatus is the restore that the database started from.
type RestoreStatus struct {
	// File of the dump.
	// +kubebuilder:validation:MaxLength=128
	Dump string `json:"dump"`

	// Time of the request, as the spec had it.
	// +optional
	At Instant `json:"at,omitempty"`

	// Rows that were restored, as counted in the dump and in the database.
	// +optional
	Rows int64 `json:"rows"`

	// Database of the managed server that holds what was there before.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Previous string `json:"previous,omitempty"`
}

// ID is RestoreFrom.ID of the restore.
func (r *RestoreStatus) ID() string { return r.Dump + "@" + string(r.At) }

// BackupStatus is what is known of the dumps.
type BackupStatus struct {
	// End of the newest backup that succeeded.
	// +optional
	LastSuccessAt Instant `json:"lastSuccessAt,omitempty"`

	// End of the newest backup that failed, if none has succeeded since.
	// +optional
	LastFailureAt Instant `json:"lastFailureAt,omitempty"`

	// Why it failed.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// Newest value of operations.backupAt that was carried out.
	// +optional
	RequestedAt Instant `json:"requestedAt,omitempty"`

	// Files of the newest dumps, the newest first.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Dumps []string `json:"dumps,omitempty"`
}

// CredentialStatus is what is known of a value in the credentials Secret.
type CredentialStatus struct {
	// Key in the Secret.
	// +kubebuilder:validation:MaxLength=63
	Key string `json:"key"`

	// When the value was last changed.
	ChangedAt Instant `json:"changedAt"`
}
