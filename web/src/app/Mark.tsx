import classes from './Mark.module.css';

/** Mark is the sign and the name of the product. */
export function Mark() {
  return (
    <span className={classes.mark}>
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#0b6b4f" />
        <path d="M6 19c3 0 3-7 6-7s3 9 6 9 3-12 8-12" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
        <path d="M6 24c3 0 3-5 6-5s3 6 6 6 3-9 8-9" fill="none" stroke="#fff" strokeOpacity=".45" strokeWidth="2" strokeLinecap="round" strokeDasharray="1 3.4" />
      </svg>
      <span className={classes.word}>EnergyTwin</span>
    </span>
  );
}
