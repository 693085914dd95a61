-- Decisions as they were stored with packed columns of version 1.
INSERT INTO groups (group_no, name) VALUES (1, 'g') ON CONFLICT DO NOTHING;
INSERT INTO meters (meter_no, name, group_no, partition) VALUES (1, 'm', 1, 0) ON CONFLICT DO NOTHING;
INSERT INTO provenance (digest, model, model_version, image, spec_hash, dataset_sha, tariff, origin) VALUES ('\x01', 'combined', '7', '', '', '', '', 'stream');
INSERT INTO decisions (id, issued_at, valid_from, valid_to, actionable_from, partition, meter_no, group_no, provenance_no, kwh_shifted, kw_reduction,
    saving_p10, saving_p50, saving_p90, confidence, missing_share, action, reason, stale, plan, factors, alternatives, binding, parts) VALUES
    ('00000000-0000-0000-0000-000000000001', '2019-01-01T00:00Z', '2019-01-01T00:00Z', '2019-01-02T00:00Z', '2019-01-01T00:00Z', 0, 1, 1, 1, 1, 0.5,
     0.1, 0.2, 0.3, 0.95, 0, 4, 1, false, '{-0.25,0.5,0}', '{1,0.2,7,NaN}', '{0,12,-0.2,1,14,0.015625}', '{5,42}',
     '{1,0.05,3,-0.25,0,0,0,0,5,0.125,2,0.5,-0.5,0,2,3.5,1e-30,4,-0.15,1,0.25,3,0.3,NaN,0.1,0}'),
    ('00000000-0000-0000-0000-000000000002', '2019-01-02T00:00Z', '2019-01-02T00:00Z', '2019-01-03T00:00Z', '2019-01-02T00:00Z', 0, 1, 1, 1, 0, 0,
     0, 0, 0, 0, 0, 0, 7, true, NULL, NULL, '{}', NULL, NULL);
