/** Calls what an application handed in; what it throws is its own affair. */
export function tell(listener, ...values) {
  try {
    listener?.(...values);
  } catch (error) {
    console.error('evertoken: a listener failed:', error);
  }
}
