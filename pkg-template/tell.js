/**
 * Calls what an application handed in; what it throws is its own affair.
 * @template {unknown[]} Values
 * @param {((...values: Values) => void) | undefined} listener
 * @param {Values} values
 */
export function tell(listener, ...values) {
  try {
    listener?.(...values);
  } catch (error) {
    console.error('evertoken: a listener failed:', error);
  }
}
