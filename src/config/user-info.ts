/** The user name and password in a URL. */

/** Whether both can be decoded: else one has a `%` that begins no escape, and no Authorization can be made of them. */
export function isUserInfoDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}
